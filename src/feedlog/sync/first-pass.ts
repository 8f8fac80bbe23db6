import type { Caller } from '../../kernel/caller.ts'
import { GatewayError } from '../../kernel/errors.ts'
import type { Page } from '../../kernel/ports.ts'
import type { Chain } from '../journal/chain.ts'
import { naturalDate } from '../journal/dates.ts'
import type { DescentPage, Pass } from '../journal/journal-state.ts'
import { PackedIndex } from '../journal/packed-index.ts'
import { type Body, decodeBody, encodeBody } from '../journal/segment.ts'
import type { JournalWriter } from '../journal/writer.ts'
import { aboveStart } from './above-start.ts'
import type { Backfill, BackfillDeps } from './backfill.ts'
import { ascending, type Descent, maxRestarts, newPass, type Step } from './descent.ts'
import { RisingError } from './feed-order.ts'
import { slackMs, startOf } from './resume-point.ts'
import { spanOf } from './walkable.ts'

export interface FirstPassDeps extends BackfillDeps {
  readonly descent: Descent
  readonly backfill: Backfill
  readonly writer: JournalWriter
  /** Reads on another chain. */
  begin(chain: Chain, caller: Caller): Promise<void>
}

/** Where the bodies of a pass are put by, in the store. */
export const passName = (log: string, start: number): string => `${log}:pass:${start}`

/**
 * The history of a chain of a feed that comes newest first. It is read down to its end; only where it was read and
 * how far is kept in the journal, the bodies are put by in the store. Then the pages are appended from the lowest to
 * the highest, which makes an ordinary chain. What is edited meanwhile moves up, and comes with the next pass.
 */
export class FirstPass {
  readonly #with: FirstPassDeps
  /** How often each pass began again because its cursor was refused. */
  readonly #restarts = new Map<Chain, number>()

  constructor(deps: FirstPassDeps) {
    this.#with = deps
  }

  /** One page further, down or up. Resolves with true when the chain has come to its end. */
  async readOn(chain: Chain, caller: Caller): Promise<boolean> {
    const pass = chain.pass ?? newPass(this.#with.parts.clock.now())
    if (pass.isTurned) return this.#appendLowest(chain, pass, caller)
    await this.#readDown(chain, pass, caller)
    return false
  }

  /** Forgets what was put by. */
  async end(chain: Chain): Promise<void> {
    if (!chain.pass) return
    chain.setPass(undefined)
    await this.#with.parts.store.drop(this.#shelf(chain)).catch(() => {})
  }

  async #readDown(chain: Chain, pass: Pass, caller: Caller): Promise<void> {
    const { writer, parts } = this.#with
    const top = startOf(chain)
    const source = pass.cursor === null ? top : { cursor: pass.cursor }
    const step = await this.#next(chain, pass, caller)
    if (step.isRestart) this.#countRestart(chain)
    const before = step.isRestart ? newPass(parts.clock.now()) : pass
    const span = spanOf(step.page.entries, parts.clock.now())
    const page = { source: step.isRestart ? top : source, low: span?.low }
    const isEmpty = step.page.entries.length === 0
    const after: Pass = {
      ...before,
      isTurned: step.isEnd,
      cursor: step.page.nextCursor,
      pages: isEmpty ? before.pages : [...before.pages, page],
      objects: before.objects + step.page.entries.length
    }
    if (!isEmpty) await this.#putBy(chain, after, step.page)
    await writer.commit([], [], () => chain.setPass(after))
  }

  /** On any contradiction the pass is given up: the next one begins at the top. */
  async #next(chain: Chain, pass: Pass, caller: Caller): Promise<Step> {
    const top = startOf(chain)
    try {
      return await this.#with.descent.next(caller, {
        source: pass.cursor === null ? top : { cursor: pass.cursor },
        top,
        bound: chain.start === 0 ? undefined : chain.start - slackMs,
        followed: new Set(pass.pages.map(page => page.source.cursor))
      })
    } catch (error) {
      if (error instanceof RisingError) chain.setPass(undefined)
      throw error
    }
  }

  /** Otherwise a Sekoia that refuses all of its cursors would be asked without end. */
  #countRestart(chain: Chain): void {
    const count = (this.#restarts.get(chain) ?? 0) + 1
    this.#restarts.set(chain, count % (maxRestarts + 1))
    if (count > maxRestarts)
      throw new GatewayError('bad-answer', { detail: 'Sekoia refuses its cursors' })
  }

  async #appendLowest(chain: Chain, pass: Pass, caller: Caller): Promise<boolean> {
    const { journal, appender, known, parts, descent, backfill } = this.#with
    const page = pass.pages.at(-1)
    if (!page) return true
    const next = journal.nextHolding(chain)
    if (next && this.#isToCome(next)) {
      await this.#with.begin(next, caller)
      return false
    }
    const held = await this.#heldBy(chain, pass)
    const isGood = held && !this.#mayBeOutdated(held, chain)
    const whole = isGood ? ascending(held) : await descent.again(caller, page, startOf(chain))
    const now = parts.clock.now()
    const own = chain.heads.length === 0 ? aboveStart(whole, chain.start, now) : whole
    const from = (spanOf(whole.entries, now)?.low ?? 0) - 1000
    const fresh = await known.without(chain, own, from, caller)
    const { body, hasMet } = next
      ? await backfill.withoutNext(next, fresh, chain, caller)
      : { body: fresh, hasMet: false }
    const pages: readonly DescentPage[] = pass.pages.slice(0, -1)
    await appender.append(chain, {
      body,
      source: page.source,
      floor: () => backfill.floor(chain, body),
      advance: () => {
        chain.setPass({ ...pass, pages })
        if (next && hasMet) chain.meet(next)
      }
    })
    return pages.length === 0 || (next !== undefined && hasMet && backfill.hasReached(next, whole))
  }

  /** True while nothing tells what a chain holds: only an object that it holds shows where it begins. */
  #isToCome(chain: Chain): boolean {
    const { journal } = this.#with
    return chain.heads.length === 0 && !(journal.isLast(chain) && journal.isFilled)
  }

  /**
   * True when a later chain has another version of what no time can date. What was put by may be the older one: Sekoia
   * tells, since it would come to clients behind the other.
   */
  #mayBeOutdated({ entries }: Body, chain: Chain): boolean {
    const { journal, parts } = this.#with
    const now = parts.clock.now()
    return Array.from(entries).some(entry => {
      const newest = journal.versions.newest(entry.id)
      const isElsewhere = newest !== undefined && journal.isLater(newest, chain)
      const isUndated = naturalDate(entry.time, now) === undefined
      return isElsewhere && isUndated && !journal.versions.isNewest(entry)
    })
  }

  #shelf(chain: Chain): string {
    return passName(this.#with.parts.identity.name, chain.start)
  }

  async #putBy(chain: Chain, pass: Pass, { bytes, entries }: Page): Promise<void> {
    const { store, settings, meter } = this.#with.parts
    const packed = {
      bytes,
      entries: PackedIndex.of(entries),
      stamp: pass.stamp,
      of: entries.length
    }
    try {
      const body = await encodeBody(packed, settings.repairRules)
      await store.writeBody(this.#shelf(chain), pass.pages.length, body)
    } catch {
      meter.count('store_errors', { operation: 'write' })
    }
  }

  /** The lowest page as it was put by, newest first; undefined when it is gone. */
  async #heldBy(chain: Chain, { pages, stamp }: Pass): Promise<Body | undefined> {
    const { store, settings, meter } = this.#with.parts
    try {
      const stored = await store.readBody(this.#shelf(chain), pages.length)
      const body = stored && (await decodeBody(stored))
      return body?.stamp === stamp && body.rules === settings.repairRules ? body : undefined
    } catch {
      meter.count('store_errors', { operation: 'read' })
      return undefined
    }
  }
}
