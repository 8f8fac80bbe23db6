import type { Answer } from '../../http/answers.ts'
import type { Handler } from '../../http/dialect.ts'
import type { Caller } from '../../kernel/caller.ts'
import { withDeadline } from '../../kernel/deadline.ts'
import { asGatewayError, GatewayError } from '../../kernel/errors.ts'
import { isRawRefusal, type RawAnswer } from '../../kernel/raw-upstream.ts'
import { sliceObjects } from '../../stix/slice.ts'
import type { Entry } from '../cache/entry.ts'
import { policyOfObject } from '../cache/policy.ts'
import { noteRight, rightOf } from '../cache/rights.ts'
import { type Told, toRefusal } from '../relay/answer.ts'
import { type Asked, asked, type NativeDeps } from '../relay/deps.ts'
import { objectName } from '../relay/names.ts'
import { lookUpMs } from '../relay/pass.ts'
import { type Entries, RefusedByIdError, toEntry, toObjects } from './object-entries.ts'

type Kind = 'objects' | 'relationships'

/** Ids in one call, so that the URL stays near 2 kB. */
const maxIdsPerCall = 40

/**
 * `objects/{ids}` and `relationships/{ids}`: every object is kept by itself, Sekoia is asked for those that are
 * missing, and the answer is put together in the order asked: `{data}` for one, `{items}` for several.
 */
export class ById {
  readonly #deps: NativeDeps
  readonly #kind: Kind

  constructor(deps: NativeDeps, kind: Kind) {
    this.#deps = deps
    this.#kind = kind
  }

  get handler(): Handler {
    return (request, caller) => this.#answer(asked(request, caller))
  }

  async #answer({ request, caller }: Asked): Promise<Answer> {
    const { '*': path = '' } = request.params as { readonly '*'?: string }
    const ids = path.replace(/\/+$/, '').split(',')
    if (path.includes('/') || ids.some(id => id === '')) throw new GatewayError('not-found')
    const found = await this.#find(caller, ids, request.signal)
    if (found instanceof RefusedByIdError) return toRefusal(found.answer)
    return toObjects(found.entries, ids.length === 1, found)
  }

  /** In the order of the ids. */
  async #find(
    caller: Caller,
    ids: readonly string[],
    signal: AbortSignal
  ): Promise<(Told & Entries) | RefusedByIdError> {
    const names = ids.map(id => objectName(this.#kind, id))
    const held = await this.#deps.cache.find(caller.scope, names)
    const missing = ids.filter((id, i) => !this.#isFresh(caller, id, held[i]))
    if (missing.length === 0) return this.#toHit(caller, ids, held as Entry[])
    try {
      const fetched = await withDeadline(this.#fetchAll(caller, missing), lookUpMs, signal)
      const entries = ids.map((id, i) => fetched.get(id) ?? held[i]!)
      return { entries, use: 'miss', ageMs: this.#age(entries) }
    } catch (error) {
      if (error instanceof RefusedByIdError) return error
      if (!(await this.#mayStandIn(caller, ids, held))) throw asGatewayError(error)
      return { entries: held as Entry[], use: 'stale', ageMs: this.#age(held) }
    }
  }

  #toHit({ scope }: Caller, ids: readonly string[], entries: readonly Entry[]): Told & Entries {
    const { cache } = this.#deps
    const ageMs = this.#age(entries)
    const held = ids.map(id => cache.holding(scope, objectName(this.#kind, id)))
    const isHeld = (entry: Entry, i: number) =>
      held[i]!() === entry && this.#isFresh({ scope }, ids[i]!, entry)
    const isOfThatAge = () => Math.floor(this.#age(entries) / 1000) === Math.floor(ageMs / 1000)
    return { entries, use: 'hit', ageMs, validity: () => isOfThatAge() && entries.every(isHeld) }
  }

  #age(entries: readonly (Entry | undefined)[]): number {
    const now = this.#deps.clock.now()
    return now - Math.min(now, ...entries.map(entry => entry?.at ?? now))
  }

  #isFresh(caller: Pick<Caller, 'scope'>, id: string, entry: Entry | undefined): entry is Entry {
    if (!entry || !this.#deps.rights.isRecent(caller, rightOf(this.#kind))) return false
    return this.#age([entry]) < policyOfObject(id).freshMs(entry)
  }

  async #mayStandIn(
    caller: Caller,
    ids: readonly string[],
    held: readonly (Entry | undefined)[]
  ): Promise<boolean> {
    const isThere = (entry: Entry | undefined, i: number) =>
      entry !== undefined && this.#age([entry]) < policyOfObject(ids[i]!).staleMs(entry)
    if (!held.every(isThere)) return false
    return (await this.#deps.rights.lastVerdict(caller, rightOf(this.#kind))) === 'yes'
  }

  /** One call for all that nobody asks for at this moment, and what others ask for. */
  async #fetchAll(caller: Caller, ids: readonly string[]): Promise<Map<string, Entry>> {
    const wanted = [...new Set(ids)]
    const { cache } = this.#deps
    const underWay = (id: string) => cache.underWay(caller.scope, objectName(this.#kind, id))
    const free = wanted.filter(id => underWay(id) === undefined)
    for (let at = 0; at < free.length; at += maxIdsPerCall)
      this.#startCall(caller, free.slice(at, at + maxIdsPerCall))
    const entries = await Promise.all(wanted.map(id => underWay(id)!))
    return new Map(wanted.map((id, i) => [id, entries[i]!]))
  }

  #startCall(caller: Caller, ids: readonly string[]): void {
    const { cache } = this.#deps
    const call = this.#askSekoia(caller, ids)
    for (const id of ids) {
      const name = objectName(this.#kind, id)
      const entry = call.then(found => found.get(id)!)
      const put = (landed: Entry) => cache.put(caller.scope, name, landed)
      cache.start(caller.scope, name, entry, put).catch(() => {})
    }
  }

  async #askSekoia(caller: Caller, ids: readonly string[]): Promise<Map<string, Entry>> {
    const { raw, rights, clock, settings } = this.#deps
    const target = `/v2/inthreat/${this.#kind}/${ids.map(encodeURIComponent).join(',')}`
    const signal = AbortSignal.timeout(lookUpMs)
    const found = await raw.ask(
      caller,
      { method: 'GET', target, endpoint: this.#kind, signal },
      ({ body }) => sliceObjects(body, { repair: settings.repair })
    )
    if (isRawRefusal(found)) return this.#refused(caller, ids, found.refused)
    noteRight(rights, caller, rightOf(this.#kind), 200)
    const at = clock.now()
    const objects = new Map(
      found.entries.map(({ id, offset, length }) => [
        id,
        Buffer.from(found.bytes.subarray(offset, offset + length))
      ])
    )
    return new Map(ids.map(id => [id, toEntry(at, objects.get(id))]))
  }

  /** One unknown id may be a no to all that were asked for with it. */
  async #refused(
    caller: Caller,
    ids: readonly string[],
    answer: RawAnswer
  ): Promise<Map<string, Entry>> {
    const { rights, clock } = this.#deps
    if (answer.status !== 404) {
      noteRight(rights, caller, rightOf(this.#kind), answer.status)
      throw new RefusedByIdError(answer)
    }
    if (ids.length === 1) return new Map([[ids[0]!, toEntry(clock.now(), undefined, answer)]])
    const middle = Math.ceil(ids.length / 2)
    const halves = [ids.slice(0, middle), ids.slice(middle)]
    const found = await Promise.all(halves.map(half => this.#askSekoia(caller, half)))
    return new Map(found.flatMap(entries => [...entries]))
  }
}
