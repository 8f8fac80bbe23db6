import type { Caller } from '../../kernel/caller.ts'
import type { BuilderDeps } from './deps.ts'
import type { Loaded } from './feed.ts'
import { Intake } from './intake.ts'
import { Publisher } from './publisher.ts'
import { Batch } from './tables.ts'

/** What the steps of one round share: the feed, the key that pays for it, and the way to the store. */
export class Round {
  readonly parts: BuilderDeps
  readonly feed: Loaded
  readonly caller: Caller
  /** Called before each commit, so that nobody else takes over meanwhile. Throws OvertakenError. */
  readonly renew: () => Promise<void>

  constructor(parts: BuilderDeps, feed: Loaded, caller: Caller, renew: () => Promise<void>) {
    this.parts = parts
    this.feed = feed
    this.caller = caller
    this.renew = renew
  }

  /** Commits changes with the state. */
  async commit(changes = new Batch()): Promise<void> {
    changes.putJson('state', 'state', this.feed.state)
    await this.renew()
    await this.feed.documents.commit(changes)
  }

  /** Commits changes on the way, and clears them. */
  async spill(changes: Batch): Promise<void> {
    await this.renew()
    await this.feed.documents.commit(changes)
    changes.clear()
  }

  /** The events of these buckets are to be made again. */
  soil(buckets: Iterable<string>, changes: Batch): void {
    for (const name of buckets) {
      changes.put('dirty', name, Buffer.alloc(0))
      this.feed.dirty.add(name)
    }
  }

  /** Notes names that Sekoia could not be asked for. */
  want(wanted: readonly (readonly [id: string, bucket: string])[], changes: Batch): void {
    const { wanted: known } = this.feed
    for (const [id, bucket] of wanted) {
      known.set(id, (known.get(id) ?? new Set()).add(bucket))
      changes.put('wanted', `${id} ${bucket}`, Buffer.alloc(0))
    }
  }

  newIntake(): Intake {
    const { meter, clock, settings, mapping } = this.parts
    const { documents, names, state } = this.feed
    return new Intake({
      caller: this.caller,
      documents,
      names,
      meter,
      mapping,
      layout: state.layout,
      since: state.since,
      reading: { now: clock.now(), publication: state.publications },
      spill: async changes => {
        if (changes.isFull(settings.commitBytes)) await this.spill(changes)
      }
    })
  }

  /** Puts what was taken in into `changes`. Returns the names of the buckets that changed. */
  async flush(intake: Intake, changes: Batch): Promise<readonly string[]> {
    const { dirtied, wanted } = await intake.flush(changes)
    for (const bucket of dirtied) this.feed.dirty.add(bucket)
    this.want(wanted, changes)
    return dirtied
  }

  /**
   * During a first build, where a thread makes events: makes those of buckets that seem to be complete, while more is
   * read. Nothing may be committed meanwhile.
   *
   * @param changing buckets that the objects read last went to: more are to be expected
   */
  async prepare(changing: readonly string[]): Promise<void> {
    const { dirty, heads, state } = this.feed
    if (!this.parts.thread || state.isBuilt || state.isRefilling || state.hasOldLayout) return
    const rest = new Set(dirty)
    for (const name of changing) rest.delete(name)
    // Once each: what is made again and again would cost more than it saves.
    for (const { bucket } of heads.values()) rest.delete(bucket)
    if (rest.size > 0) await this.#publisher().prepare([...rest].sort())
  }

  async publish(): Promise<void> {
    if (this.feed.state.isRefilling) return
    await this.#publisher().publish()
    this.parts.onPublished()
  }

  #publisher(): Publisher {
    const { documents, names } = this.feed
    return new Publisher({ ...this.parts, documents, names, renew: this.renew }, this.feed)
  }
}
