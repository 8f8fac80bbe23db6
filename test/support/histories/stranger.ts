import { randomUUID } from 'node:crypto'
import type { Answer, World } from '../gateway.ts'
import { type ModelClient, type Served, TokenWalker } from '../model-clients.ts'
import { Ledger } from './ledger.ts'

const key = 'sio_stranger'

/** A second key with a feed of its own, which the first key may not read (G5). */
export class Stranger {
  readonly client: ModelClient
  readonly #world: World
  readonly #ledger: Ledger
  readonly #feedId: string

  constructor(world: World, limit: number) {
    const { simulator } = world
    this.#world = world
    this.#feedId = simulator.putFeed({ id: randomUUID(), types: ['indicator'], sort_order: 'asc' })
    simulator.putKey(key, { feeds: [this.#feedId] })
    simulator.putKey(simulator.key, { feeds: [] })
    this.#ledger = new Ledger(world, this.#feedId)
    const served: Served = { clock: world.clock, get: path => this.#get(path) }
    this.client = new TokenWalker({ world: served, limit, inspect: () => {} })
  }

  async #get(path: string): Promise<Answer> {
    const answer = await this.#world.fetch(`/sekoia/collections/${this.#feedId}/${path}`, key)
    this.#ledger.note()
    return answer
  }

  /** A token of the other collection gives nothing of it here, and that other key nothing of this one. */
  async trespass(token: string | undefined): Promise<void> {
    const path = `objects/?limit=5${token === undefined ? '' : `&next=${token}`}`
    const own = await this.#get(path)
    this.#check(own.body.objects ?? [])
    const foreign = await this.#world.fetch(`/sekoia/collections/${this.#feedId}/${path}`)
    if (foreign.status === 200) throw new Error('a feed of another key can be read')
    if (foreign.body.objects !== undefined) throw new Error('a refusal holds objects')
    const listed = await this.#world.fetch('/sekoia/collections/')
    if (listed.text.includes(this.#feedId)) throw new Error('a feed of another key is listed')
  }

  #check(objects: readonly { id: string; modified?: string; created?: string }[]): void {
    const keys = objects.map(({ id, modified, created }) => `${id}|${modified ?? created}`)
    const others = this.#ledger.strangers(keys, () => true)
    if (others.length > 0) throw new Error(`the stranger is given ${others.join(', ')}`)
  }

  /** Ids that the stranger lacks of its feed. */
  missing(): string[] {
    const ids = new Set([...this.client.received].map(received => received.split('|')[0]))
    return this.#world.simulator
      .visible(this.#feedId)
      .map(({ id }) => id)
      .filter(id => !ids.has(id))
  }

  /** Throws when anything but its feed was ever given. */
  checkAll(): void {
    const others = this.#ledger.strangers(this.client.received, () => true)
    if (others.length > 0) throw new Error(`the stranger was given ${others.join(', ')}`)
  }
}
