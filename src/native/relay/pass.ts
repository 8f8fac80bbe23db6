import type { Answer } from '../../http/answers.ts'
import type { Handler } from '../../http/dialect.ts'
import { isRawRefusal, type RawAnswer, type RawRequest } from '../../kernel/raw-upstream.ts'
import { toAnswer, toRefusal } from './answer.ts'
import { type Asked, asked, type NativeDeps } from './deps.ts'

/** The longest time that somebody who looks something up is kept waiting: clients give up after five seconds. */
export const lookUpMs = 4800

/** What an answer must be before it is passed on. Throws for anything else. */
export type Check = (answer: RawAnswer) => void

/** Sent on to Sekoia as it came, and its answer back as it came; neither kept nor shared. */
export const passing =
  (deps: NativeDeps, endpoint: string, check: Check = anything): Handler =>
  (request, caller) =>
    pass(deps, asked(request, caller), endpoint, check)

export async function pass(
  { raw }: Pick<NativeDeps, 'raw'>,
  { request, caller, target }: Asked,
  endpoint: string,
  check: Check = anything,
  body?: Buffer
): Promise<Answer> {
  const isRead = request.method === 'GET' || request.method === 'HEAD' || endpoint === 'search'
  const sent: RawRequest = {
    method: request.method === 'HEAD' ? 'GET' : request.method,
    target,
    endpoint,
    ...bodyOf(request, body),
    isWrite: !isRead,
    signal: isRead ? endOf(request) : undefined
  }
  const found = await raw.ask(caller, sent, answer => {
    check(answer)
    return answer
  })
  return isRawRefusal(found) ? toRefusal(found.refused) : toAnswer(found, { use: 'pass' })
}

/** Of a request whose body was read the framework's signal tells the end of the body, not that the client left. */
const endOf = ({ body, signal }: Asked['request']): AbortSignal =>
  AbortSignal.any([AbortSignal.timeout(lookUpMs), ...(Buffer.isBuffer(body) ? [] : [signal])])

const anything: Check = () => {}

/** A body goes on as it came; to a GET there belongs none. */
function bodyOf(
  { method, body: given, headers }: Asked['request'],
  body: unknown = given
): Pick<RawRequest, 'body' | 'headers'> {
  if (method === 'GET' || method === 'HEAD' || !Buffer.isBuffer(body)) return {}
  const type = headers['content-type'] ?? 'application/json'
  return { body, headers: { 'content-type': type } }
}
