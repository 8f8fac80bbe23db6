import type { Answer } from '../../http/answers.ts'
import type { Handler } from '../../http/dialect.ts'
import type { RawAnswer } from '../../kernel/raw-upstream.ts'
import type { Found, KeptAnswer } from '../cache/kept-answers.ts'
import type { Policy } from '../cache/policy.ts'
import { rightOf } from '../cache/rights.ts'
import { toAnswer, toRefusal } from './answer.ts'
import { type Asked, asked, type NativeDeps } from './deps.ts'
import { lookUpMs } from './pass.ts'

export interface Keeping {
  /** One word for counters and rights. */
  readonly endpoint: string
  readonly policy: Policy
  /** Default: of the target. */
  readonly name: string
  /** Default: that of the endpoint. */
  readonly right?: string
  readonly waitMs?: number
  read(answer: RawAnswer): Found
}

/** A GET whose answer is kept. `how` may throw GatewayError for what cannot be asked. */
export const keeping =
  (deps: NativeDeps, how: (ask: Asked) => Keeping): Handler =>
  (request, caller) => {
    const ask = asked(request, caller)
    return keep(deps, ask, how(ask))
  }

export async function keep(deps: NativeDeps, ask: Asked, keeping: Keeping): Promise<Answer> {
  const { request, caller, target } = ask
  const { endpoint, waitMs = lookUpMs, right = rightOf(endpoint) } = keeping
  const found = await deps.kept.ask({
    ...keeping,
    caller,
    right,
    waitMs,
    signal: request.signal,
    request: { method: 'GET', target, endpoint }
  })
  return toKeptAnswer(found)
}

const toKeptAnswer = ({ answer, ...told }: KeptAnswer): Answer =>
  answer.status >= 400 ? toRefusal(answer) : toAnswer(answer, told)
