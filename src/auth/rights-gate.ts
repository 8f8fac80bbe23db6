import type { Caller } from '../kernel/caller.ts'
import { withDeadline } from '../kernel/deadline.ts'
import { asGatewayError, GatewayError, isRefusal } from '../kernel/errors.ts'
import type { Clock, LogStore, Meter, Upstream } from '../kernel/ports.ts'
import type { Records, Rights, UnguardedRecords } from '../kernel/records.ts'
import type { Validity } from '../kernel/validity.ts'
import { Access, type AccessSettings, anyFeed } from './access.ts'
import { notingRights } from './rights.ts'

export interface RightsSettings extends AccessSettings {
  /** How long a request waits for Sekoia to confirm what it said before, ms. */
  readonly waitMs: number
}

export interface RightsGateDeps {
  readonly upstream: Upstream
  /** Keeps the last verdicts. */
  readonly store: LogStore
  readonly clock: Clock
  readonly meter: Meter
  readonly settings: RightsSettings
}

/** The question that is put to Sekoia when a verdict is due. */
type Ask = () => Promise<unknown>

/**
 * The one place that decides who may see what (G5, G6, G7). Every dialect asks it before it shows what is held; what
 * is not held comes from Sekoia with the caller's own key, so that Sekoia decides.
 */
export class RightsGate implements Rights {
  /** Sekoia, with every answer noted for what it says about the key. All calls go through it. */
  readonly upstream: Upstream
  readonly #deps: RightsGateDeps
  readonly #access: Access

  constructor(deps: RightsGateDeps) {
    this.#deps = deps
    this.#access = new Access(deps)
    this.upstream = notingRights(deps.upstream, this.#access)
  }

  /** What Sekoia said of keys, for those who pass requests on and keep the answers. */
  get verdicts(): Pick<Access, 'accepted' | 'failed' | 'isRecent' | 'lastVerdict'> {
    return this.#access
  }

  /**
   * Resolves when what is held of the feed may be shown to the caller: Sekoia's yes is recent, or was its last verdict
   * and it cannot be asked (G6). Throws GatewayError: the refusal, or Sekoia's trouble where it never said anything.
   */
  authorize(caller: Caller, feedId: string): Promise<void> {
    return this.#assertRights(caller, feedId, false, this.#feedQuestion(caller, feedId))
  }

  /**
   * Resolves when Sekoia accepts the key, now or within `rightsSeconds`, or accepted it once and cannot be asked.
   * Throws GatewayError `unauthorized` when it does not.
   */
  verify(caller: Caller): Promise<void> {
    return this.#assertRights(caller, anyFeed, false, () => this.upstream.verifyKey(caller))
  }

  /** True when Sekoia accepted the key at some time, and last did. At once where it is known without the store. */
  wasAccepted(caller: Caller): boolean | Promise<boolean> {
    return this.#access.wasAccepted(caller)
  }

  validity(caller: Caller, feedId: string): Validity | undefined {
    const { scope } = caller
    const isRecent = () => this.#access.isRecent({ scope }, feedId)
    return isRecent() ? isRecent : undefined
  }

  /** Records that show each caller only what Sekoia lets it see. A refusal of a moment ago is repeated unasked. */
  guard(records: UnguardedRecords): Records {
    const admit = (caller: Caller, feedId: string) =>
      this.#assertRights(caller, feedId, true, this.#feedQuestion(caller, feedId))
    return {
      read: async request => {
        const { caller, feedId } = request
        this.#access.assertNotRefused(caller, feedId)
        return records.read(request, () => admit(caller, feedId))
      },
      lookup: async request => {
        await admit(request.caller, request.feedId)
        return records.lookup(request)
      }
    }
  }

  /** Resolves when every verdict is in the store. */
  async close(): Promise<void> {
    await this.#access.settle()
  }

  #feedQuestion(caller: Caller, feedId: string): Ask {
    return () => this.upstream.page(caller, { feedId, types: [], limit: 1 })
  }

  /**
   * Resolves while Sekoia's yes is recent; otherwise Sekoia is asked again (G6). It may be late, or in trouble: then
   * its last verdict counts, and nobody waits long, or asks again at once (G7). Where there was no verdict at all,
   * `isOwn` decides: what the key itself fetched was once given to it.
   */
  async #assertRights(caller: Caller, feedId: string, isOwn: boolean, ask: Ask): Promise<void> {
    const access = this.#access
    access.assertNotRefused(caller, feedId)
    if (access.isRecent(caller, feedId)) return
    const verdict = await access.lastVerdict(caller, feedId)
    const isTrusted = verdict === 'yes' || (verdict === undefined && isOwn)
    try {
      if (access.isResting(caller, feedId)) throw new GatewayError('unavailable')
      const check = access.check(caller, feedId, ask)
      await (isTrusted ? withDeadline(check, this.#deps.settings.waitMs) : check)
    } catch (error) {
      if (isRefusal(error)) throw error
      if (!isTrusted) throw verdict ? new GatewayError(verdict) : asGatewayError(error)
      this.#deps.meter.count('rights_unconfirmed')
    }
  }
}
