import type { Siblings } from '../kernel/siblings.ts'
import {
  beatMs,
  type FromSupervisor,
  type FromWorker,
  type Seat,
  type Serving,
  seatVariable
} from './messages.ts'

/** A worker's side of the line to its supervisor. */
export interface Link extends Siblings {
  readonly seat: Seat
  serving(told: Serving): void
  /**
   * `end` is called when the supervisor or a signal asks this worker to end: once, or once more if all are to end while
   * this one ends because another one has its place.
   */
  onEnd(end: (isReplaced: boolean) => void): void
  /** The last metrics of this process, so that sums do not fall. */
  leave(metrics: unknown): Promise<void>
}

/** How long the supervisor may take to bring answers, ms: it waits for a second itself. */
const patienceMs = 3000

/**
 * For how long a worker whose place another one has serves on, each answer the last of its connection: a connection that
 * is closed between two requests may cross with the second.
 */
export const lingerMs = ({ closeTimeoutMs }: { readonly closeTimeoutMs: number }): number =>
  Math.min(2000, closeTimeoutMs)

/** Undefined in a process that no supervisor has started. */
export function linkToSupervisor(parent: NodeJS.Process): Link | undefined {
  const text = parent.env[seatVariable]
  if (!text || !parent.send) return undefined
  const answers = new Map<string, () => unknown>()
  const takers = new Map<string, (value: unknown) => void>()
  const waiting = new Map<number, (values: readonly unknown[]) => void>()
  let lastId = 0
  let missing = 0
  let isAsked = false
  let end = (_isReplaced: boolean): void => parent.exit(0)

  const send = (message: FromWorker) =>
    new Promise<void>(resolve => {
      // A line that is gone is no failure of a request: without its supervisor the process ends.
      parent.send!(message, undefined, undefined, () => resolve())
    })
  const answerTo = async (topic: string) => answers.get(topic)?.()
  const endOnce = () => {
    if (!isAsked) end(false)
    isAsked = true
  }
  const receive = async (message: FromSupervisor) => {
    if (message.kind === 'end') {
      if (message.isReplaced) end(true)
      else endOnce()
    } else if (message.kind === 'missing') missing = message.count
    else if (message.kind === 'tell') takers.get(message.topic)?.(message.value)
    else if (message.kind === 'answers') waiting.get(message.id)?.(message.values)
    else {
      const value = await answerTo(message.topic).catch(() => undefined)
      void send({ kind: 'answer', id: message.id, value })
    }
  }
  parent.on('message', receive)
  // A terminal and a service manager signal the whole group: the supervisor's word may come too.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) parent.on(signal, endOnce)
  parent.on('SIGHUP', () => {})
  void send({ kind: 'beat' })
  setInterval(() => void send({ kind: 'beat' }), beatMs).unref()

  const ask = (topic: string, own: unknown) =>
    new Promise<readonly unknown[]>(resolve => {
      const id = ++lastId
      const timer = setTimeout(() => settle([]), patienceMs)
      const settle = (values: readonly unknown[]) => {
        clearTimeout(timer)
        waiting.delete(id)
        resolve(values)
      }
      waiting.set(id, settle)
      void send({ kind: 'ask', id, topic, own })
    })

  const seat: Seat = JSON.parse(text)
  return {
    seat,
    trouble: () =>
      missing > 0
        ? `${missing} of ${seat.of} workers ended and could not be replaced yet`
        : undefined,
    share<T>(topic: string, own: () => T | Promise<T>) {
      answers.set(topic, own)
      return async () => {
        const mine = await own()
        return [mine, ...((await ask(topic, mine)) as T[])]
      }
    },
    channel<T>(topic: string, take: (value: T) => void) {
      takers.set(topic, take as (value: unknown) => void)
      return (value: T) => void send({ kind: 'tell', topic, value })
    },
    serving: told => void send({ kind: 'serving', ...told }),
    onEnd(given) {
      end = given
    },
    leave: metrics => send({ kind: 'last', value: metrics })
  }
}
