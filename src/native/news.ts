import type { Caller } from '../kernel/caller.ts'
import type { Clock, Entry, Page, Upstream } from '../kernel/ports.ts'
import { toMillis } from '../stix/timestamp.ts'
import type { AnswerCache } from './cache/answer-cache.ts'
import { namesOfObject, namesOfPattern } from './relay/names.ts'

/**
 * What changed longer ago than this, and is only now seen, changes no answer that stays fresh for long: history costs
 * nothing.
 */
const newsMs = 3_600_000

export interface NewsDeps {
  readonly cache: AnswerCache
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
      notice(caller, page, deps)
      return page
    }
  }
}

function notice(caller: Caller, page: Page, { cache, clock }: NewsDeps): void {
  const since = clock.now() - newsMs
  const news = page.entries.filter(({ time }) => (toMillis(time ?? '') ?? Infinity) >= since)
  if (news.length === 0) return
  const touched = news.map(entry => touchedBy(page, entry))
  const ids = touched.flatMap(({ ids }) => ids)
  const names = touched.flatMap(({ names }) => names)
  cache.forget(caller.scope, [...names, ...ids.flatMap(namesOfObject)], ids)
}

interface Touched {
  readonly ids: readonly string[]
  readonly names: readonly string[]
}

function touchedBy({ bytes }: Page, { id, type, offset, length }: Entry): Touched {
  if (type !== 'indicator' && type !== 'relationship') return { ids: [id], names: [] }
  const object = JSON.parse(bytes.toString('utf8', offset, offset + length)) as StixMembers
  if (type === 'relationship')
    return { ids: [id, ...texts([object.source_ref, object.target_ref])], names: [] }
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
