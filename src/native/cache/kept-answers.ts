import type { Caller } from '../../kernel/caller.ts'
import { withDeadline } from '../../kernel/deadline.ts'
import { asGatewayError } from '../../kernel/errors.ts'
import type { Clock } from '../../kernel/ports.ts'
import {
  isRawRefusal,
  type RawAnswer,
  type RawRequest,
  type RawUpstream
} from '../../kernel/raw-upstream.ts'
import type { Validity } from '../../kernel/validity.ts'
import type { AnswerCache } from './answer-cache.ts'
import type { Entry } from './entry.ts'
import type { Policy } from './policy.ts'
import { noteRight, type Rights } from './rights.ts'

export interface KeptAnswersDeps {
  readonly cache: AnswerCache
  readonly raw: RawUpstream
  readonly rights: Rights
  readonly clock: Clock
}

/** What an answer turned out to be. */
export interface Found {
  readonly isMiss: boolean
  /** Of the objects that it holds. */
  readonly ids?: Iterable<string>
  /** What is given to clients in place of Sekoia's answer. */
  readonly answer?: RawAnswer
}

export interface Question {
  readonly caller: Caller
  readonly name: string
  readonly request: RawRequest
  readonly policy: Policy
  /** What Sekoia must lately have allowed the key for a kept answer to be shown; see rights.ts. */
  readonly right: string
  /** The longest anybody waits, ms. */
  readonly waitMs: number
  /** Ends the waiting of this client, not of the others. */
  readonly signal: AbortSignal
  /** Throws for what is no answer to the question. */
  read(answer: RawAnswer): Found
}

export interface KeptAnswer {
  readonly answer: RawAnswer
  readonly use: 'hit' | 'miss' | 'stale'
  readonly ageMs: number
  /** Of a hit: while the same question would be answered so, to the second of its age. */
  readonly validity?: Validity | undefined
}

/**
 * Questions whose answers are kept for a while: asked once for all who ask at the same time, answered from what is
 * kept while that is fresh and Sekoia has lately allowed the key to ask, and from what is older while Sekoia is in
 * trouble.
 */
export class KeptAnswers {
  readonly #deps: KeptAnswersDeps

  constructor(deps: KeptAnswersDeps) {
    this.#deps = deps
  }

  /** Answers of status 400 and above are given, too. Throws GatewayError when there is no answer. */
  async ask(question: Question): Promise<KeptAnswer> {
    const { caller, name, waitMs, signal } = question
    const held =
      this.#deps.cache.held(caller.scope, name) ??
      (await this.#deps.cache.find(caller.scope, [name]))[0]
    if (held && this.#isFresh(held, question))
      return { ...this.#toAnswer(held, 'hit'), validity: this.#validity(held, question) }
    try {
      const entry = await withDeadline(this.#fetch(question), waitMs, signal)
      return { answer: entry.answer, use: 'miss', ageMs: 0 }
    } catch (error) {
      if (held && (await this.#mayStandIn(held, question))) return this.#toAnswer(held, 'stale')
      throw asGatewayError(error)
    }
  }

  #isFresh(entry: Entry, { caller, policy, right }: Question): boolean {
    const age = this.#deps.clock.now() - entry.at
    const isRecent = this.#deps.rights.isRecent(caller, right)
    return isRecent && age >= 0 && age < policy.freshMs(entry)
  }

  /** Holds no key: it is kept for as long as the answer may be given again. */
  #validity(entry: Entry, { caller, name, policy, right }: Question): Validity {
    const { cache, clock, rights } = this.#deps
    const isRecent = rights.recency(caller, right)
    const held = cache.holding(caller.scope, name)
    const seconds = (now: number) => Math.floor((now - entry.at) / 1000)
    const told = seconds(clock.now())
    return now =>
      seconds(now) === told &&
      now - entry.at < policy.freshMs(entry) &&
      isRecent() &&
      held() === entry
  }

  async #mayStandIn(entry: Entry, { caller, policy, right }: Question): Promise<boolean> {
    if (this.#deps.clock.now() - entry.at >= policy.staleMs(entry)) return false
    return (await this.#deps.rights.lastVerdict(caller, right)) === 'yes'
  }

  #fetch(question: Question): Promise<Entry> {
    const { cache } = this.#deps
    const { name, caller } = question
    const { scope } = caller
    let ids: Iterable<string> = []
    const ask = () =>
      this.#askSekoia(question, found => {
        ids = found.ids ?? []
      })
    return (
      cache.underWay(scope, name) ??
      cache.start(scope, name, ask(), entry => {
        if (entry.answer.status < 400) cache.put(scope, name, entry, ids)
        else cache.forget(scope, [name])
      })
    )
  }

  async #askSekoia(question: Question, tell: (found: Found) => void): Promise<Entry> {
    const { caller, request, right, read, waitMs } = question
    const { raw, rights, clock } = this.#deps
    let isMiss = false
    const signal = AbortSignal.timeout(waitMs)
    const found = await raw.ask(caller, { ...request, signal }, answer => {
      const found = read(answer)
      isMiss = found.isMiss
      tell(found)
      return found.answer ?? answer
    })
    const answer = isRawRefusal(found) ? found.refused : found
    noteRight(rights, caller, right, answer.status)
    return { at: clock.now(), isMiss, answer }
  }

  #toAnswer({ at, answer }: Entry, use: KeptAnswer['use']): KeptAnswer {
    return { answer, use, ageMs: this.#deps.clock.now() - at }
  }
}
