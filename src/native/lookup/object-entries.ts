import type { Answer } from '../../http/answers.ts'
import { GatewayError } from '../../kernel/errors.ts'
import type { RawAnswer } from '../../kernel/raw-upstream.ts'
import type { Entry } from '../cache/entry.ts'
import { json, type Told, toContent, toRefusal } from '../relay/answer.ts'

/** Objects by id as they are kept, and as they are given. */

/** Sekoia's words for an object that does not exist. */
const unknown = Buffer.from('{"message":"Object not found","code":"INTHREAT404"}')

export interface Entries {
  readonly entries: readonly Entry[]
}

/** Sekoia's no to the key, on its way to the client. */
export class RefusedByIdError extends GatewayError {
  readonly answer: RawAnswer

  constructor(answer: RawAnswer) {
    super(
      answer.status === 401 ? 'unauthorized' : answer.status === 403 ? 'forbidden' : 'malformed'
    )
    this.answer = answer
  }
}

export const toEntry = (at: number, object: Buffer | undefined, refusal?: RawAnswer): Entry => ({
  at,
  isMiss: object === undefined,
  answer: {
    status: object ? 200 : 404,
    contentType: json,
    cursor: undefined,
    body: object ?? refusal?.body ?? unknown
  }
})

const comma = Buffer.from(',')

export function toObjects(entries: readonly Entry[], isOne: boolean, told: Told): Answer {
  const [first] = entries
  if (isOne && first?.isMiss) return toRefusal(first.answer)
  const found = entries.filter(({ isMiss }) => !isMiss).map(({ answer }) => answer.body)
  const pieces = found.flatMap((body, i) => (i === 0 ? [body] : [comma, body]))
  const [before, after] = isOne ? ['{"data":', '}'] : ['{"items":[', ']}']
  return toContent([Buffer.from(before), ...pieces, Buffer.from(after)], told)
}
