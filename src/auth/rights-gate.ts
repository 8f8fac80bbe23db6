import { behindAll } from '../kernel/behind-all.ts'
import type { Caller } from '../kernel/caller.ts'
import { withDeadline } from '../kernel/deadline.ts'
import { asGatewayError, GatewayError, isRefusal } from '../kernel/errors.ts'
import type { Clock, LogStore, Meter, Upstream } from '../kernel/ports.ts'
import type { Records, Rights, UnguardedRecords } from '../kernel/records.ts'
import type { Validity } from '../kernel/validity.ts'
import { Access, type AccessDeps, type AccessSettings, anyFeed } from './access.ts'
import { notingRights } from './rights.ts'

export interface RightsSettings extends AccessSettings {
  /** How long a request waits for Sekoia to confirm an earlier verdict, ms. */
  readonly waitMs: number
}

export interface RightsGateDeps {
  readonly upstream: Upstream
  /** Keeps the last verdicts. */
  readonly store: LogStore
  readonly clock: Clock
  readonly meter: Meter
  readonly settings: RightsSettings
  readonly onLost?: AccessDeps['onLost']
  /** How many verdicts are held in memory; default 100,000. */
  readonly maxVerdicts?: number
}

/** The question that is put to Sekoia when a verdict is due. */
type Ask = () => Promise<unknown>

/**
 * The one place that decides who may see what (G5, G6, G7). Every dialect asks it before it shows data that the
 * gateway holds. Other data is fetched from Sekoia with the caller's own key, so Sekoia decides.
 */
export class RightsGate implements Rights {
  /** The Sekoia client that notes what each answer says about the key. All calls go through it. */
  readonly upstream: Upstream
  readonly #deps: RightsGateDeps
  readonly #access: Access

  constructor(deps: RightsGateDeps) {
    this.#deps = deps
    this.#access = new Access(deps)
    this.upstream = notingRights(deps.upstream, this.#access)
  }

  /** The same notes, for dialects that pass requests on and keep the answers. */
  get verdicts(): Pick<Access, 'accepted' | 'failed' | 'isRecent' | 'recency' | 'lastVerdict'> {
    return this.#access
  }

  /**
   * Resolves when the caller may see what is held of the feed: Sekoia's yes is recent, or Sekoia cannot be asked and
   * its last verdict was yes (G6). Throws GatewayError: the refusal, or Sekoia's failure if it never gave a verdict.
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

  /** True if Sekoia's last verdict on the key was yes, however old. Returns no promise if memory knows it. */
  wasAccepted(caller: Caller): boolean | Promise<boolean> {
    return this.#access.wasAccepted(caller)
  }

  validity(caller: Caller, feedId: string): Validity | undefined {
    const isRecent = this.#access.recency(caller, feedId)
    return isRecent() ? isRecent : undefined
  }

  /** Wraps records so that each caller sees only what Sekoia allows. A recent refusal is repeated without a call. */
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

  /** Asks for nothing, so that no object that cannot be had stands in the way. */
  #feedQuestion(caller: Caller, feedId: string): Ask {
    const request = { feedId, types: [], limit: 1, modifiedAfter: behindAll }
    return () => this.upstream.page(caller, request)
  }

  /**
   * Resolves while Sekoia's yes is recent; otherwise Sekoia is asked again (G6). If Sekoia is slow or fails, its last
   * verdict counts, and the next requests neither wait nor ask (G7). If there is no verdict, `isOwn` decides: the
   * data was fetched with this same key.
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
