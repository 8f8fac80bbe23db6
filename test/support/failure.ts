import type { ErrorKind } from '../../src/kernel/errors.ts'

/** What `t.throws` and `t.rejects` compare a GatewayError with. */
export const failure = <T extends object>(kind: ErrorKind, more?: T) => ({
  name: 'GatewayError',
  kind,
  ...more
})
