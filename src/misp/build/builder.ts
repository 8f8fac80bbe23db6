import { randomUUID } from 'node:crypto'
import type { Caller } from '../../kernel/caller.ts'
import { OvertakenError } from '../../kernel/errors.ts'
import type { Clock, DocumentStore, Meter, Upstream } from '../../kernel/ports.ts'
import {
  type FeedRecord,
  lastVersion,
  type Records,
  type Sweeps,
  type SweptIds
} from '../../kernel/records.ts'
import type { StixObject } from '../../stix/object.ts'
import { isOfLayout, layoutOf } from '../events/bucket.ts'
import type { Head } from '../events/head.ts'
import { rowFormat } from '../events/source-row.ts'
import type { Mapping } from '../mapping/mapping.ts'
import { derivationOf, underived } from './derivation.ts'
import { walkIds } from './id-sweep.ts'
import { Intake } from './intake.ts'
import { narrow } from './narrowing.ts'
import { type Published, Publisher, type PublisherSettings } from './publisher.ts'
import { ReferenceNames } from './reference-names.ts'
import { forgetRows } from './refill.ts'
import { type FeedState, newState, startOf } from './state.ts'
import { Batch, FeedTables } from './tables.ts'
import { countOf, judge, mark, type SweepResult } from './vanished.ts'

export interface BuilderSettings extends PublisherSettings {
  /** How many days of `created` a first build goes back; undefined means all. */
  readonly windowDays: number | undefined
  /** Bits of the shard: 2 to this power events for a day. */
  readonly shardBits: number
  /** Names the rules under which objects are repaired (stix/repair.ts); rows of other rules are read again. */
  readonly repairRules: string
  /** Between walks that find what vanished, ms; 0 never walks. */
  readonly walkMs: number
  /** The time in which the feed log reads the whole feed again anyway, ms; 0 or left out: it does not. */
  readonly sweepMs?: number
  /** Time between publications during a first build, ms. */
  readonly partialMs: number
}

export interface BuilderDeps {
  readonly feedId: string
  readonly title: string
  readonly space: string
  readonly records: Pick<Records, 'read'>
  /** Left out: every walk is the builder's own. */
  readonly sweeps?: Sweeps
  readonly upstream: Pick<Upstream, 'page' | 'objects'>
  readonly store: DocumentStore
  readonly clock: Clock
  readonly meter: Meter
  readonly mapping: Mapping
  readonly settings: BuilderSettings
  /** Called when a publication is there to be read. */
  readonly onPublished: () => void
}

/** How long others wait for the lease of a gateway that died. */
const leaseMs = 30_000
const dayMs = 86_400_000
/** Most changes, and bytes, committed at a time. */
const maxChanges = 10_000
/** Objects parsed and mapped before other requests are served: about twenty milliseconds of work. */
const parsedAtOnce = 250
const readLimit = 2000
const readBytes = 8 * 1024 * 1024

/** If more objects than this are newly missing, and more than half of all, a walk is not believed the first time. */
const suspicious = 100

/** Until a walk that failed is begun again, ms. */
const walkRetryMs = 3_600_000

/** The second attempt of a walk asks for pages of another size: what was on the edge of a page is then inside one. */
const walkLimits = [2000, 1777] as const

interface Loaded extends Published {
  readonly documents: FeedTables
  readonly names: ReferenceNames
  /** Buckets that wait for a name, by the id of what is to be named. */
  readonly wanted: Map<string, Set<string>>
}

/**
 * Builds the MISP events of one feed for one key: reads new objects from the feed log, puts them into buckets, and
 * publishes the events that changed. Of several gateways on one store only one builds at a time.
 */
export class Builder {
  readonly #parts: BuilderDeps
  readonly #owner = randomUUID()
  #loaded: Loaded | undefined
  /** When the last sweep that was looked at had ended. */
  #sweptUpTo = Number.NEGATIVE_INFINITY

  constructor(parts: BuilderDeps) {
    this.#parts = parts
  }

  /**
   * One round: reads to the end of the feed, publishes, and walks when it is time. False if another gateway holds the
   * lease. A failed round leaves the last publication as it was; the next round continues from what was committed.
   *
   * @throws GatewayError as the feed log does, and whatever the store throws
   */
  async round(caller: Caller): Promise<boolean> {
    const documents = this.#loaded?.documents ?? this.#newDocuments()
    if (!(await documents.lease(this.#owner, leaseMs))) return false
    try {
      const feed = await this.#load(documents)
      await this.#applySettings(feed, caller)
      await this.#nameWanted(feed, caller)
      await this.#read(feed, caller)
      await this.#publish(feed)
      if (await this.#walk(feed, caller)) await this.#publish(feed)
      return true
    } catch (error) {
      // What is in memory may be ahead of what was committed.
      this.#loaded = undefined
      if (error instanceof OvertakenError) return false
      throw error
    } finally {
      await documents.release(this.#owner).catch(() => {})
    }
  }

  #newDocuments(): FeedTables {
    return new FeedTables(this.#parts.store, this.#parts.space)
  }

  /** The state in memory, unless another gateway has changed the stored one since. */
  async #load(documents: FeedTables): Promise<Loaded> {
    if (this.#loaded && !(await documents.refresh())) return this.#loaded
    if (!this.#loaded) await documents.refresh()
    const { upstream } = this.#parts
    const state = await this.#loadState(documents)
    const wanted = new Map<string, Set<string>>()
    for (const key of await documents.keys('wanted')) {
      const [id = '', bucket = ''] = key.split(' ')
      wanted.set(id, (wanted.get(id) ?? new Set()).add(bucket))
    }
    this.#loaded = {
      documents,
      names: new ReferenceNames({ documents, upstream }),
      state,
      heads: await headsOf(documents),
      dirty: new Set(await documents.keys('dirty')),
      wanted
    }
    return this.#loaded
  }

  /** Of a feed that is new, or whose rows are of another form or other rules, as well. */
  async #loadState(documents: FeedTables): Promise<FeedState> {
    const { clock, settings, mapping, title } = this.#parts
    const { windowDays = null, repairRules } = settings
    const state = (await documents.getJson<FeedState>('state', ['state'])).get('state')
    if (!state)
      return newState(clock.now(), {
        layout: layoutOf(settings.shardBits),
        derivation: derivationOf(mapping, settings),
        title,
        since: this.#windowStart(),
        windowDays,
        repairRules
      })
    if (state.format !== rowFormat || state.repairRules !== repairRules) {
      await forgetRows(documents, state, changes => this.#spill(documents, changes))
      // Version 1 did not note it; null is a window, too.
      if (state.windowDays === undefined) state.windowDays = windowDays
      state.repairRules = repairRules
      await this.#commit({ documents, state }, new Batch())
    }
    return state
  }

  #windowStart(): string {
    const { windowDays } = this.#parts.settings
    if (windowDays === undefined) return ''
    const start = this.#parts.clock.now() - windowDays * dayMs
    return new Date(start).toISOString().slice(0, 10)
  }

  /** Compares the settings that a feed was built with to the present ones, and does what the difference needs. */
  async #applySettings(feed: Loaded, caller: Caller): Promise<void> {
    await this.#narrow(feed)
    await this.#startAgain(feed)
    await this.#deriveAgain(feed, caller)
  }

  async #narrow(feed: Loaded): Promise<void> {
    const { documents, state } = feed
    const { windowDays = null } = this.#parts.settings
    const since = this.#windowStart()
    if (state.windowDays === windowDays) return
    const isNarrower = (windowDays ?? Infinity) < (state.windowDays ?? Infinity)
    if (isNarrower && since > state.since) {
      const changed = await narrow(documents, since, changes => this.#spill(documents, changes))
      for (const name of changed) feed.dirty.add(name)
      state.since = since
    }
    state.windowDays = windowDays
    await this.#commit(feed, new Batch())
  }

  /** If code or settings that decide have changed, all events are made again from the stored rows. */
  async #deriveAgain(feed: Loaded, caller: Caller): Promise<void> {
    const { mapping, settings } = this.#parts
    const derivation = derivationOf(mapping, settings)
    if (feed.state.derivation === derivation) return
    const changes = new Batch()
    const { buckets, wanted } = await underived({ ...feed, mapping, caller }, changes)
    const published = [...feed.heads.values()].map(({ bucket }) => bucket)
    for (const name of new Set([...buckets, ...published])) {
      changes.put('dirty', name, Buffer.alloc(0))
      feed.dirty.add(name)
    }
    this.#want(feed, wanted, changes)
    feed.state.derivation = derivation
    await this.#commit(feed, changes)
  }

  /** Notes names that Sekoia could not be asked for. */
  #want(
    { wanted: known }: Loaded,
    wanted: readonly (readonly [id: string, bucket: string])[],
    changes: Batch
  ): void {
    for (const [id, bucket] of wanted) {
      known.set(id, (known.get(id) ?? new Set()).add(bucket))
      changes.put('wanted', `${id} ${bucket}`, Buffer.alloc(0))
    }
  }

  /**
   * If events are cut in another way, or the window goes back further, the feed is read from its start. It is walked
   * too, because the feed log also returns objects that vanished.
   */
  async #startAgain({ documents, state }: Loaded): Promise<void> {
    const layout = layoutOf(this.#parts.settings.shardBits)
    const since = this.#windowStart()
    const isCutAnew = state.layout !== layout
    const isWider = since < state.since
    if (!isCutAnew && !isWider) return
    const start = { position: undefined, addedAfter: undefined, isFilled: false, walkedAt: 0 }
    Object.assign(state, { ...start, layout })
    if (isCutAnew) state.hasOldLayout = true
    if (isWider) state.since = since
    await this.#commit({ documents, state }, new Batch())
  }

  /** Takes back events of older layouts once everything in them is in the new one. */
  async #retireOldLayouts({ documents, state, heads, dirty }: Loaded, changes: Batch) {
    const isOld = (name: string) => !isOfLayout(name, state.layout)
    const old = (await documents.keys('bucket')).filter(isOld)
    for (const name of old) changes.delete('bucket', name)
    const published = [...heads.values()].map(({ bucket }) => bucket).filter(isOld)
    for (const name of new Set(published)) {
      changes.put('dirty', name, Buffer.alloc(0))
      dirty.add(name)
    }
    state.hasOldLayout = false
  }

  /** Asks again for names that Sekoia could not be asked for before. */
  async #nameWanted({ documents, state, names, wanted, dirty }: Loaded, caller: Caller) {
    if (wanted.size === 0) return
    const changes = new Batch()
    const unresolved = new Set(await names.resolve(caller, wanted.keys(), changes))
    for (const [id, buckets] of wanted) {
      if (unresolved.has(id)) continue
      for (const bucket of buckets) {
        changes.delete('wanted', `${id} ${bucket}`)
        changes.put('dirty', bucket, Buffer.alloc(0))
        dirty.add(bucket)
      }
      wanted.delete(id)
    }
    await this.#commit({ documents, state }, changes)
  }

  async #read(feed: Loaded, caller: Caller): Promise<void> {
    const { clock, settings } = this.#parts
    let partialAt = clock.now() + settings.partialMs
    let changes = new Batch()
    let intake = this.#intake(feed, caller)
    for (;;) {
      const { records, more } = await this.#readPage(feed, caller, intake, changes)
      const isLast = !more || records.length === 0
      if (isLast || intake.size >= maxChanges || clock.now() >= partialAt) {
        const { dirtied, wanted } = await intake.flush(changes)
        for (const bucket of dirtied) feed.dirty.add(bucket)
        this.#want(feed, wanted, changes)
        if (!more) Object.assign(feed.state, { isFilled: true, isRefilling: false })
        if (!more && feed.state.hasOldLayout) await this.#retireOldLayouts(feed, changes)
        await this.#commit(feed, changes)
        if (isLast) return
        changes = new Batch()
        intake = this.#intake(feed, caller)
      }
      if (!feed.state.isFilled && clock.now() >= partialAt) {
        await this.#publish(feed)
        partialAt = clock.now() + settings.partialMs
      }
    }
  }

  #intake({ documents, names, state }: Loaded, caller: Caller): Intake {
    const { meter, clock, settings, mapping } = this.#parts
    const { layout, since, publications } = state
    return new Intake({
      caller,
      documents,
      names,
      meter,
      mapping,
      layout,
      since,
      reading: { now: clock.now(), publication: publications },
      spill: async changes => {
        if (changes.size >= settings.commitBytes) await this.#spill(documents, changes)
      }
    })
  }

  async #spill(documents: FeedTables, changes: Batch): Promise<void> {
    await this.#renew(documents)
    await documents.commit(changes)
    changes.clear()
  }

  async #readPage(
    { state }: Loaded,
    caller: Caller,
    intake: Intake,
    changes: Batch
  ): Promise<{ readonly records: readonly FeedRecord[]; readonly more: boolean }> {
    const start = startOf(state.since)
    const { records, dates, more, position } = await this.#parts.records.read({
      caller,
      feedId: this.#parts.feedId,
      types: [],
      all: true,
      addedAfter: state.addedAfter ?? start,
      position: state.position,
      filter: { versions: lastVersion, specVersions: undefined },
      limit: readLimit,
      maxBytes: readBytes,
      continues: true
    })
    for (let at = 0; at < records.length; at += parsedAtOnce)
      await intake.take(records.slice(at, at + parsedAtOnce).map(toObject), changes)
    state.objectsRead += records.length
    if (dates[0] !== undefined) state.readFrom ??= dates[0]
    state.position = more ? position : undefined
    if (!more) state.addedAfter = dates.at(-1) ?? state.addedAfter
    return { records, more }
  }

  async #publish(feed: Loaded): Promise<void> {
    if (feed.state.isRefilling) return
    const { feedId, clock, meter, mapping, settings, onPublished } = this.#parts
    const { documents, names } = feed
    const renew = () => this.#renew(documents)
    const parts = { feedId, documents, names, mapping, clock, meter, settings, renew }
    await new Publisher(parts, feed).publish()
    onPublished()
  }

  /** True when something vanished, or came back. */
  async #walk(feed: Loaded, caller: Caller): Promise<boolean> {
    const { documents, state } = feed
    const { clock, settings } = this.#parts
    if (!state.isFilled || settings.walkMs === 0) return false
    const swept = await this.#swept(feed, caller)
    const now = clock.now()
    if (!swept && now < state.walkedAt + this.#walkPauseMs) return false
    const verdict = await this.#verdict(feed, caller, swept).catch(async error => {
      await this.#putOffWalk(feed, now)
      throw error
    })
    const missing = countOf(verdict.missing)
    // That many at once are more likely Sekoia's mistake, or a feed that is being edited: a second walk has to find the same.
    const isBelieved = missing - state.missed < suspicious || missing * 2 <= verdict.present
    const walkedAt = swept?.endedAt ?? now
    Object.assign(state, { walkedAt, missed: isBelieved ? 0 : missing })
    const changes = new Batch()
    const believed = isBelieved ? verdict : { ...verdict, missing: new Map() }
    const dirtied = await mark(documents, believed, clock.now(), changes)
    for (const bucket of dirtied) feed.dirty.add(bucket)
    if (!isBelieved) this.#parts.meter.count('misp_walks_doubted')
    await this.#commit(feed, changes)
    return dirtied.length > 0
  }

  /** A reading of the whole feed by its log, newer than the last walk: it takes the place of one. */
  async #swept({ state }: Loaded, caller: Caller): Promise<SweptIds | undefined> {
    const { sweeps, feedId, settings } = this.#parts
    const swept = settings.sweepMs ? await sweeps?.swept(caller, feedId) : undefined
    const isUsable =
      swept !== undefined &&
      swept.begunAt >= state.walkedAt &&
      swept.endedAt > this.#sweptUpTo &&
      swept.since <= (startOf(state.since) ?? 0)
    if (!isUsable) return undefined
    this.#sweptUpTo = swept.endedAt
    return swept
  }

  /** Where the log reads the whole feed as often as walks would, a walk is made only when that does not work. */
  get #walkPauseMs(): number {
    const { walkMs, sweepMs = 0 } = this.#parts.settings
    return sweepMs > 0 && sweepMs <= walkMs ? walkMs + 1.5 * sweepMs : walkMs
  }

  /** A walk costs Sekoia as much as a first build, so a failed one is not repeated at once. */
  async #putOffWalk(feed: Loaded, now: number): Promise<void> {
    const { walkMs } = this.#parts.settings
    feed.state.walkedAt = now - this.#walkPauseMs + Math.min(walkMs, walkRetryMs)
    await this.#commit(feed, new Batch())
  }

  /** What one walk misses is looked for by another. */
  async #verdict(
    { documents, state }: Loaded,
    caller: Caller,
    swept: SweptIds | undefined
  ): Promise<SweepResult> {
    const { upstream, feedId } = this.#parts
    const since = startOf(state.since) ?? 0
    const onPage = () => this.#renew(documents)
    const walk = (limit: number) => walkIds(upstream, { caller, feedId, since, limit, onPage })
    const begun = swept?.begunAt ?? this.#parts.clock.now()
    const first = swept?.ids ?? (await walk(walkLimits[0]))
    const when = { ...this.#parts.settings, begun }
    const verdict = await judge(documents, first, when)
    if (verdict.missing.size === 0) return verdict
    // Any object whose id cannot be made out may be one that is missing.
    if (first.unnamed > 0) return this.#doubted(verdict)
    const second = await walk(walkLimits[1])
    const either = { has: (id: string) => first.has(id) || second.has(id) }
    const again = await judge(documents, either, when)
    return second.unnamed > 0 && again.missing.size > 0 ? this.#doubted(again) : again
  }

  #doubted(verdict: SweepResult): SweepResult {
    this.#parts.meter.count('misp_walks_doubted')
    return { ...verdict, missing: new Map() }
  }

  async #commit(
    { documents, state }: Pick<Loaded, 'documents' | 'state'>,
    changes: Batch
  ): Promise<void> {
    changes.putJson('state', 'state', state)
    await this.#renew(documents)
    await documents.commit(changes)
  }

  async #renew(documents: FeedTables): Promise<void> {
    if (!(await documents.lease(this.#owner, leaseMs))) throw new OvertakenError()
  }
}

const toObject = ({ bytes }: FeedRecord): StixObject => JSON.parse(bytes.toString())

async function headsOf(documents: FeedTables): Promise<Map<string, Head>> {
  const heads = new Map<string, Head>()
  for await (const batch of documents.scan('head'))
    for (const { key, value } of batch) heads.set(key, JSON.parse(value.toString()) as Head)
  return heads
}
