import type { Dialect } from '../http/dialect.ts'
import { sekoiaError } from './error-form.ts'
import { describedPaths } from './openapi.ts'
import { intelligencePaths, keyPaths } from './paths.ts'
import type { NativeDeps } from './relay/deps.ts'

/** Sekoia's API is found below these: a base URL may end in `/api`, and clients put `/api` before their paths. */
const bases = ['', '/api', '/api/api']

/**
 * The API of Sekoia.io itself, for scripts and connectors written for it: the same paths, the same answers, the same
 * keys. What is served from where is told in docs/native-api.md.
 */
export function nativeDialect(deps: NativeDeps): Dialect {
  const { settings } = deps
  const [intelligence, keys] = [intelligencePaths(deps), keyPaths(deps)].map(describedPaths)
  return {
    name: 'native',
    errorForm: sekoiaError,
    representation: `native ${settings.repair}`,
    continues: ({ query }) => Boolean((query as { readonly cursor?: unknown }).cursor),
    mounts: bases.flatMap(base => [
      { prefix: `${base}/v2/inthreat`, paths: intelligence!, isAlias: base !== '' },
      { prefix: `${base}/v1`, paths: keys!, isAlias: base !== '' }
    ])
  }
}
