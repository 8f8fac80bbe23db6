import type { ServerResponse } from 'node:http'
import { atEndOfTurn } from '../kernel/give-way.ts'

/**
 * Sends an answer whose head is written, at the end of this turn of the event loop. Answers to requests that came
 * together leave together: their clients are woken by the first, and are awake for the others.
 *
 * @param sendTimeoutMs a client that reads nothing for this long is disconnected
 */
export const sendBody = (
  response: ServerResponse,
  pieces: readonly Buffer[],
  sendTimeoutMs: number
): void => atEndOfTurn(() => writeBody(response, pieces, sendTimeoutMs))

/**
 * Writes head and pieces at once. The response ends only when all bytes are out: Node treats a connection whose
 * response has ended as idle, and a closing server would cut it off.
 */
function writeBody(
  response: ServerResponse,
  pieces: readonly Buffer[],
  sendTimeoutMs: number
): void {
  response.cork()
  for (const piece of pieces) response.write(piece)
  response.uncork()
  if (response.writableLength === 0) response.end()
  else {
    response.setTimeout(sendTimeoutMs, () => response.destroy())
    response.write('', () => response.end())
  }
}
