import type { Path } from '../http/dialect.ts'
import type { NativeDeps } from './deps.ts'
import { demandMember } from './json-check.ts'
import { maxBodyBytes, reading } from './operations.ts'
import { passing } from './pass.ts'

/** Descriptions of feeds, and their administration. */
export function feedPaths(deps: NativeDeps): Path[] {
  const list = passing(deps, 'feeds', answer => demandMember(answer, 'items'))
  const one = passing(deps, 'feeds', answer => demandMember(answer, 'data'))
  const write = { maxBodyBytes, handle: passing(deps, 'feeds') }
  return [
    { url: '/feeds', operations: { ...reading('', list).operations, POST: write } },
    {
      url: '/feeds/:feed',
      operations: { ...reading('', one).operations, PUT: write, DELETE: write }
    }
  ]
}
