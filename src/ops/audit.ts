import { LRUCache } from 'lru-cache'
import type { BaseLogger } from 'pino'
import type { ErrorKind, GatewayError } from '../kernel/errors.ts'
import type { Identity } from '../kernel/identity.ts'
import type { Clock } from '../kernel/ports.ts'

export interface AuditDeps {
  readonly clock: Clock
  readonly logger: Pick<BaseLogger, 'info'>
}

/** A request whose answer is out. */
export interface AuditedRequest {
  readonly identity: Identity
  readonly scope: string | undefined
  readonly isOperator: boolean
  readonly dialect: string | undefined
  readonly route: string
  readonly status: number
  readonly report: { readonly failure?: GatewayError }
}

/** Of answers that are Sekoia's own, as native clients get them: these are no failure of ours. */
const kindOfStatus: Readonly<Record<number, ErrorKind>> = { 401: 'unauthorized', 403: 'forbidden' }

/** The same again is told after this time, with how often it happened meanwhile. */
const repeatMs = 3_600_000

const maxKnown = 10_000

interface Told {
  readonly at: number
  /** Since then, and not told. */
  untold: number
}

/** What an operator had removed, and by which words. */
export interface PurgedData {
  /** Who asked, by the name of the system. */
  readonly user: string
  readonly scope?: string | undefined
  readonly feed?: string | undefined
  readonly olderThanDays?: number | undefined
  readonly logs: number
  readonly mispFeeds: number
  /** Keys of which nothing is left. */
  readonly keys: number
}

/** Lines with the message `audit`: who was refused, which rights ended, what the operator's token was used for. */
export class Audit {
  readonly #deps: AuditDeps
  readonly #told = new LRUCache<string, Told>({ max: maxKnown })

  constructor(deps: AuditDeps) {
    this.#deps = deps
  }

  /** Tells whoever shows no key, or one that is not accepted, or may not see what they ask for; and the operator. */
  answered({ identity, scope, isOperator, dialect, route, status, report }: AuditedRequest): void {
    const reason = report.failure?.kind ?? kindOfStatus[status]
    if (reason === 'unauthorized' || reason === 'forbidden')
      this.#tell({ event: 'refused', ...identity, scope: scope?.slice(0, 8), reason, dialect })
    else if (isOperator) this.#tell({ event: 'operator', ...identity, route })
  }

  rightsLost(scope: string, feedId: string | undefined, kind: ErrorKind): void {
    const line = { event: 'rights-lost', scope: scope.slice(0, 8), feed: feedId, reason: kind }
    this.#deps.logger.info(line, 'audit')
  }

  /** Stored data was removed by hand. */
  purged(line: PurgedData): void {
    this.#deps.logger.info({ event: 'purge', ...line }, 'audit')
  }

  /** Once, and again after a while: who asks every second fills no log. */
  #tell(line: Readonly<Record<string, string | undefined>>): void {
    const now = this.#deps.clock.now()
    const name = JSON.stringify(Object.values(line))
    const told = this.#told.get(name)
    if (told && now - told.at < repeatMs) {
      told.untold++
      return
    }
    this.#told.set(name, { at: now, untold: 0 })
    const more = told && told.untold > 0 ? { repeated: told.untold } : {}
    this.#deps.logger.info({ ...line, ...more }, 'audit')
  }
}
