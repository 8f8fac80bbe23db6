import type { Worker } from 'node:cluster'
import { pastOf, type Snapshot } from '../ops/summed.ts'
import { type FromSupervisor, type FromWorker, metricsTopic } from './messages.ts'

/** How long a worker may take to answer the others, ms. */
const answerMs = 1000

interface Question {
  readonly asked: Worker
  settle(value: unknown): void
}

/** The supervisor's side: passes questions, answers and news between the workers. */
export class Switchboard {
  readonly #workers = new Set<Worker>()
  readonly #waiting = new Map<number, Question>()
  /** The latest metrics of each. */
  readonly #metrics = new Map<Worker, Snapshot>()
  /** What those who are gone have counted. */
  #past: Snapshot = []
  #lastId = 0

  connect(worker: Worker): void {
    this.#workers.add(worker)
    worker.on('message', (message: FromWorker) => void this.#receive(worker, message))
    // What it said last has been read by then. Its line may never count as closed (see untaken.ts).
    worker.process.once('close', () => this.#forget(worker))
  }

  send(worker: Worker, message: FromSupervisor): void {
    // Its end is seen elsewhere.
    if (worker.isConnected()) worker.send(message, undefined, () => {})
  }

  /** To all of them. */
  tell(message: FromSupervisor): void {
    for (const worker of this.#workers) this.send(worker, message)
  }

  async #receive(worker: Worker, message: FromWorker): Promise<void> {
    if (message.kind === 'answer') this.#waiting.get(message.id)?.settle(message.value)
    else if (message.kind === 'last') this.#metrics.set(worker, message.value as Snapshot)
    else if (message.kind === 'tell') {
      for (const other of this.#othersThan(worker)) this.send(other, message)
    } else if (message.kind === 'ask') {
      const { id, topic, own } = message
      const values = await this.#gather(worker, topic, own)
      this.send(worker, { kind: 'answers', id, values })
    }
  }

  async #gather(asker: Worker, topic: string, own: unknown): Promise<unknown[]> {
    const others = this.#othersThan(asker)
    const given = await Promise.all(others.map(other => this.#ask(other, topic)))
    if (topic !== metricsTopic) return given.filter(value => value !== undefined)
    this.#metrics.set(asker, own as Snapshot)
    given.forEach((value, i) => {
      const other = others[i]!
      if (value !== undefined && this.#workers.has(other))
        this.#metrics.set(other, value as Snapshot)
    })
    const rest = [...this.#metrics].filter(([worker]) => worker !== asker)
    return [...rest.map(([, snapshot]) => snapshot), this.#past]
  }

  #ask(worker: Worker, topic: string): Promise<unknown> {
    return new Promise(resolve => {
      const id = ++this.#lastId
      const settle = (value: unknown) => {
        clearTimeout(timer)
        this.#waiting.delete(id)
        resolve(value)
      }
      const timer = setTimeout(settle, answerMs)
      this.#waiting.set(id, { asked: worker, settle })
      this.send(worker, { kind: 'ask', id, topic })
    })
  }

  #othersThan(worker: Worker): Worker[] {
    return [...this.#workers].filter(other => other !== worker)
  }

  #forget(worker: Worker): void {
    this.#workers.delete(worker)
    for (const { asked, settle } of [...this.#waiting.values()])
      if (asked === worker) settle(undefined)
    const last = this.#metrics.get(worker)
    this.#metrics.delete(worker)
    if (last) this.#past = pastOf([this.#past, last])
  }
}
