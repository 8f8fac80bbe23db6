import type { Method, Operation, Path } from '../http/dialect.ts'
import { policies } from './cache/policy.ts'
import { feedPage } from './feed/feed-page.ts'
import { feedPaths } from './feeds.ts'
import { lookUpPaths } from './lookup/look-ups.ts'
import type { Asked, NativeDeps } from './relay/deps.ts'
import { demandList } from './relay/json-check.ts'
import { type Keeping, keeping } from './relay/keep.ts'
import { targetName } from './relay/names.ts'
import { maxBodyBytes, reading, searching } from './relay/operations.ts'
import { passing } from './relay/pass.ts'

/** Everything below `/v2/inthreat`. */
export function intelligencePaths(deps: NativeDeps): Path[] {
  const { passThrough } = deps.settings
  return [
    {
      url: '/collections/:feed/objects',
      operations: { GET: { heavy: true, handle: feedPage(deps) } }
    },
    ...feedPaths(deps),
    ...lookUpPaths(deps),
    ...(passThrough === 'off' ? [] : documentedPaths(deps)),
    ...(passThrough === 'all' ? [everythingElse(deps)] : [])
  ]
}

/** What the documentation names and nothing is kept of. */
const documentedPaths = (deps: NativeDeps): Path[] => [
  reading('/collections/relationships', passing(deps, 'collections')),
  reading('/collections/observables', passing(deps, 'collections')),
  reading('/collections/:feed/patterns', passing(deps, 'collections')),
  reading('/objects', passing(deps, 'objects')),
  reading('/objects/:id/sources', passing(deps, 'objects')),
  reading('/sources', passing(deps, 'sources')),
  reading('/bundles/:hash', passing(deps, 'files')),
  searching('/objects/search', passing(deps, 'search')),
  searching('/indicators/indicates-relationships', passing(deps, 'search'))
]

/** Checks of the key, and block lists, below `/v1`. */
export function keyPaths(deps: NativeDeps): Path[] {
  const check = passing(deps, 'key')
  return [
    reading('/auth/validate', check),
    reading('/apiauth/auth/validate', check),
    reading('/me', check),
    reading('/edl-gateway/:type', keeping(deps, blockList))
  ]
}

const blockList = ({ target }: Asked): Keeping => ({
  endpoint: 'edl',
  policy: policies.edl,
  name: targetName('edl', target),
  read(answer) {
    demandList(answer)
    return { isMiss: false }
  }
})

const methods: readonly Method[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

function everythingElse(deps: NativeDeps): Path {
  const operation: Operation = { maxBodyBytes, handle: passing(deps, 'other') }
  return { url: '/*', operations: Object.fromEntries(methods.map(name => [name, operation])) }
}
