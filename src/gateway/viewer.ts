import type { Caller, ScopeId } from '../kernel/caller.ts'

/** Who looks: the operator at everything, a key of Sekoia at what that key may see. */
export type Viewer =
  | { readonly kind: 'operator' }
  | { readonly kind: 'key'; readonly caller: Caller }

/** The one place that decides whose data a viewer sees (G5). */
export const maySee = (viewer: Viewer, scope: ScopeId | undefined): boolean =>
  viewer.kind === 'operator' || viewer.caller.scope === scope

/** What is shown of a scope. */
export const labelOf = (scope: ScopeId): string => scope.slice(0, 8)

export const toInstant = (ms: number): string => new Date(ms).toISOString()
