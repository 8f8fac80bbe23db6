import { layoutOf } from '../events/bucket.ts'
import type { Head } from '../events/head.ts'
import { rowFormat } from '../events/source-row.ts'
import type { Tally } from '../events/tally.ts'
import type { BuilderDeps, BuilderSettings } from './deps.ts'
import { derivationOf } from './derivation.ts'
import { ReferenceNames } from './reference-names.ts'
import { forgetRows } from './refill.ts'
import { type FeedState, newState, type Published } from './state.ts'
import { Batch, type FeedTables } from './tables.ts'

/** A feed as the builder holds it in memory between rounds. */
export interface Loaded extends Published {
  readonly documents: FeedTables
  readonly names: ReferenceNames
  /** Buckets that wait for a name, by the id of what is to be named. */
  readonly wanted: Map<string, Set<string>>
}

/**
 * Reads what is stored of a feed; of one that is new, or whose rows are of another form or other rules, as well.
 *
 * @param renew called before each commit
 */
export async function loadFeed(
  documents: FeedTables,
  parts: BuilderDeps,
  renew: () => Promise<void>
): Promise<Loaded> {
  const state = await loadState(documents, parts, renew)
  const wanted = new Map<string, Set<string>>()
  for (const key of await documents.keys('wanted')) {
    const [id = '', bucket = ''] = key.split(' ')
    wanted.set(id, (wanted.get(id) ?? new Set()).add(bucket))
  }
  return {
    documents,
    names: new ReferenceNames({ documents, upstream: parts.upstream }),
    state,
    heads: await documents.allJson<Head>('head'),
    tallies: await documents.allJson<Tally>('tally'),
    dirty: new Set(await documents.keys('dirty')),
    counted: new Map(),
    wanted
  }
}

async function loadState(
  documents: FeedTables,
  { clock, settings, mapping, title }: BuilderDeps,
  renew: () => Promise<void>
): Promise<FeedState> {
  const { windowDays = null, repairRules } = settings
  const state = (await documents.getJson<FeedState>('state', ['state'])).get('state')
  if (!state)
    return newState(clock.now(), {
      layout: layoutOf(settings.shardBits),
      derivation: derivationOf(mapping, settings),
      title,
      since: windowStart(settings, clock.now()),
      windowDays,
      repairRules
    })
  if (state.format !== rowFormat || state.repairRules !== repairRules) {
    await forgetRows(documents, state, async changes => {
      await renew()
      await documents.commit(changes)
    })
    // Version 1 did not note it; null is a window, too.
    if (state.windowDays === undefined) state.windowDays = windowDays
    state.repairRules = repairRules
    const changes = new Batch()
    changes.putJson('state', 'state', state)
    await renew()
    await documents.commit(changes)
  }
  return state
}

/** The first day of the window, `YYYY-MM-DD`; '' when there is none. */
export function windowStart(
  { windowDays }: Pick<BuilderSettings, 'windowDays'>,
  now: number
): string {
  if (windowDays === undefined) return ''
  return new Date(now - windowDays * dayMs).toISOString().slice(0, 10)
}

const dayMs = 86_400_000
