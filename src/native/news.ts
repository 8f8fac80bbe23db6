import type { Caller, ScopeId } from '../kernel/caller.ts'
import { inPieces, type Work } from '../kernel/give-way.ts'
import type { Clock, Entry, Page, Upstream } from '../kernel/ports.ts'
import { toMillis } from '../stix/timestamp.ts'
import { usefulMs } from './cache/policy.ts'
import { namesOfObject, namesOfPattern } from './relay/names.ts'

/** As `AnswerCache.forget`. */
export type Forget = (scope: ScopeId, names: readonly string[], ids: readonly string[]) => void

export interface NewsDeps {
  readonly cache: { readonly forget: Forget }
  readonly clock: Clock
}

/**
 * The upstream, with every page that any walk reads looked at for news: answers to look-ups about what has changed
 * are forgotten, so that no look-up lags behind the feeds.
 */
export function noticing(upstream: Upstream, deps: NewsDeps): Upstream {
  return {
    ...upstream,
    async page(caller, request, signal) {
      const page = await upstream.page(caller, request, signal)
      await inPieces(notice(caller, page, deps))
      return page
    }
  }
}

/** Between two places where the work may be interrupted. */
const entriesAtOnce = 100

/**
 * An answer that may still be given was asked for after what is older than all answers of its kind may become. So
 * history costs nothing. What has no time that can be read counts as new.
 */
function* notice(caller: Caller, page: Page, { cache, clock }: NewsDeps): Work<void> {
  const now = clock.now()
  for (let at = 0; at < page.entries.length; at += entriesAtOnce) {
    const touched: Touched[] = []
    for (const entry of page.entries.slice(at, at + entriesAtOnce)) {
      const ageMs = now - (toMillis(entry.time ?? '') ?? now)
      if (ageMs < usefulMs.objects) touched.push(touchedBy(page, entry, ageMs))
    }
    const ids = touched.flatMap(({ ids }) => ids)
    const names = touched.flatMap(({ names }) => names)
    cache.forget(caller.scope, [...names, ...ids.flatMap(namesOfObject)], ids)
    yield
  }
}

interface Touched {
  readonly ids: readonly string[]
  readonly names: readonly string[]
}

function touchedBy({ bytes }: Page, { id, type, offset, length }: Entry, ageMs: number): Touched {
  const isLinked = type === 'relationship' && ageMs < usefulMs.relationships
  const isLookedUp = type === 'indicator' && ageMs < usefulMs.lookUp
  if (!isLinked && !isLookedUp) return { ids: [id], names: [] }
  const object = JSON.parse(bytes.toString('utf8', offset, offset + length)) as StixMembers
  if (isLinked) return { ids: [id, ...texts([object.source_ref, object.target_ref])], names: [] }
  const types = Array.isArray(object.x_ic_observable_types) ? object.x_ic_observable_types : []
  return { ids: [id], names: namesOfPattern(String(object.pattern ?? ''), texts(types)) }
}

interface StixMembers {
  readonly source_ref?: unknown
  readonly target_ref?: unknown
  readonly pattern?: unknown
  readonly x_ic_observable_types?: unknown
}

const texts = (values: readonly unknown[]): string[] =>
  values.filter(value => typeof value === 'string')
