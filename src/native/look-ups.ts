import type { Path } from '../http/dialect.ts'
import type { NativeDeps } from './deps.ts'
import { demandItems, demandMember } from './json-check.ts'
import { reading, searching } from './operations.ts'
import { passing } from './pass.ts'

/** Objects by id, what belongs to them, and look-ups by value. */
export function lookUpPaths(deps: NativeDeps): Path[] {
  return [
    reading(
      '/objects/*',
      passing(deps, 'objects', answer => demandMember(answer, 'data', 'items'))
    ),
    reading(
      '/relationships/*',
      passing(deps, 'relationships', answer => demandMember(answer, 'data', 'items'))
    ),
    reading('/objects/:id/relationships', passing(deps, 'relationships', demandItems)),
    reading(
      '/objects/:id/context',
      passing(deps, 'context', answer => demandMember(answer, 'objects'))
    ),
    reading('/objects/:id/files/:sha256', passing(deps, 'files')),
    reading('/indicators', passing(deps, 'indicators', demandItems)),
    reading('/indicators/context', passing(deps, 'indicators', demandItems)),
    reading('/observables', passing(deps, 'observables', demandItems)),
    searching('/observables/search', passing(deps, 'search', demandItems))
  ]
}
