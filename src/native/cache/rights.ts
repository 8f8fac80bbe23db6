import type { Caller } from '../../kernel/caller.ts'
import { GatewayError } from '../../kernel/errors.ts'

/** What Sekoia said of a key and a right; see auth/access.ts. */
export interface Rights {
  accepted(caller: Caller, right: string): void
  failed(caller: Caller, right: string, error: unknown): void
  isRecent(caller: Pick<Caller, 'scope'>, right: string): boolean
  /** The same, to be asked again and again; holds no key. */
  recency(caller: Pick<Caller, 'scope'>, right: string): () => boolean
  lastVerdict(caller: Caller, right: string): Promise<string | undefined>
}

/**
 * The rights beside those on feeds, one for each kind of call: Sekoia's permissions are as fine. None is the id of a
 * feed.
 */
export const rightOf = (endpoint: string): string => `native:${endpoint}`

/** Notes what an answer of this status says about the right. */
export function noteRight(rights: Rights, caller: Caller, right: string, status: number): void {
  if (status === 401) rights.failed(caller, right, new GatewayError('unauthorized'))
  else if (status === 403) rights.failed(caller, right, new GatewayError('forbidden'))
  else if (status < 400) rights.accepted(caller, right)
}
