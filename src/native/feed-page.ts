import type { Handler } from '../http/dialect.ts'
import type { NativeDeps } from './deps.ts'
import { demandMember } from './json-check.ts'
import { passing } from './pass.ts'

/** `GET collections/{feed}/objects`. */
export const feedPage = (deps: NativeDeps): Handler =>
  passing(deps, 'page', answer => demandMember(answer, 'items'))
