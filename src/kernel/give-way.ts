/**
 * Background work on the thread that answers requests: reading pages into logs, building events. It works in short
 * pieces, and between two of them whatever has come in meanwhile is answered. Of several works one has its piece in
 * each turn of the event loop, so that a request waits for one piece, however many works there are.
 */

/** The longest that a piece lasts before work gives way, ms. */
const pieceMs = 3

/** Works that wait for their next piece, the one that has waited longest first. */
const waiting: (() => void)[] = []
/** When the piece that began last is over. */
let endsAt = 0
/** What is to be done at the end of this turn. */
let ending: (() => void)[] = []

/**
 * Does something short at the end of this turn of the event loop, before any work has its next piece. Answers that are
 * sent like that leave one right after the other: whoever waits for them is woken once for all rather than for each.
 */
export function atEndOfTurn(act: () => void): void {
  if (ending.push(act) === 1) setImmediate(endTurn)
}

function endTurn(): void {
  const acts = ending
  ending = []
  for (const act of acts) act()
}

/** Resolves in a later turn of the event loop, after the works that were already waiting. */
export function giveWay(): Promise<void> {
  return new Promise(resolve => {
    if (waiting.push(resolve) === 1) setImmediate(next)
  })
}

function next(): void {
  endTurn()
  const resume = waiting.shift()!
  if (waiting.length > 0) setImmediate(next)
  endsAt = performance.now() + pieceMs
  resume()
}

/** Gives way if the piece is over, else undefined: `await` nothing where there is nothing to wait for. */
export const giveWayIfDue = (): Promise<void> | undefined =>
  performance.now() < endsAt ? undefined : giveWay()

/** Work that says, by `yield`, where it may be interrupted. */
export type Work<T> = Generator<void, T>

/** Does it in pieces. Throws what it throws. */
export async function inPieces<T>(work: Work<T>): Promise<T> {
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
    const pause = giveWayIfDue()
    if (pause) await pause
  }
}

/** Does it at once. */
export function atOnce<T>(work: Work<T>): T {
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
  }
}
