import type { CredentialOptions } from '../../src/auth/credential.ts'

/** Where keys are looked for as the gateway ships. */
export const defaultCredentialOptions: CredentialOptions = {
  headerName: 'x-api-key',
  queryParameter: undefined
}
