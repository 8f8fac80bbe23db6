import fc from 'fast-check'
import type { Simulator } from '../../src/demo/simulator.ts'
import { dayMs, markings } from './misp-scenes.ts'

/** Random changes of a feed, small enough that they meet. */

export type Change =
  | { readonly kind: 'create'; readonly what: number; readonly tlp: number; readonly days: number }
  | { readonly kind: 'edit'; readonly which: number; readonly how: number; readonly value: number }
  | { readonly kind: 'extend'; readonly which: number; readonly days: number }
  | {
      readonly kind: 'revoke' | 'restore' | 'vanish' | 'return' | 'relate' | 'note'
      readonly which: number
    }
  | { readonly kind: 'report'; readonly which: number; readonly tlp: number }

type Weighted = fc.WeightedArbitrary<unknown>

/** Things with a `kind` that occurs this often, any of several. */
export const weighted = (
  weight: number,
  kind: string | string[],
  members: Record<string, fc.Arbitrary<unknown>> = {}
): Weighted => ({
  weight,
  arbitrary: fc.record({ kind: fc.constantFrom(...[kind].flat()), ...members })
})

const nat = (max: number) => fc.nat(max)
export const which = { which: nat(1000) }

export const changes: readonly Weighted[] = [
  weighted(5, 'create', { what: nat(13), tlp: nat(3), days: fc.constantFrom(0.5, 1, 10, 60) }),
  weighted(6, 'edit', { ...which, how: nat(6), value: nat(13) }),
  weighted(3, 'extend', { ...which, days: fc.constantFrom(-2, 0.5, 1, 10, 60) }),
  weighted(3, ['revoke', 'restore', 'vanish', 'return', 'relate', 'note'], which),
  weighted(2, 'report', { ...which, tlp: nat(3) })
]

const tlps = Object.values(markings)

const md5 = (n: number) => `${n}`.repeat(32).slice(0, 32)
const sha1 = (n: number) => `${n}`.repeat(40).slice(0, 40)

/** Single values, several in one pattern, Objects, and what MISP cannot hold. */
export const patterns: readonly string[] = [
  ...[0, 1, 2, 3].map(n => `[url:value = 'http://${n}.example.com/a']`),
  "[domain-name:value = 'example.org']",
  "[ipv4-addr:value = '192.0.2.1' OR ipv4-addr:value = '192.0.2.2']",
  "[ipv4-addr:value = '192.0.2.2']",
  ...[1, 2].map(n => `[file:hashes.MD5 = '${md5(n)}' OR file:hashes.'SHA-1' = '${sha1(n)}']`),
  `[file:hashes.MD5 = '${md5(1)}']`,
  "[url:value LIKE 'http://%.example.com/']",
  "[file:name = 'setup.exe']"
]

/** And values that MISP takes for one of those. */
export const allSpellings: readonly string[] = [
  ...patterns,
  "[url:value = 'http://0.example.com/A']",
  "[url:value = 'http://0.example.com/á']"
]

/** Makes changes to one feed; remembers what it took away. */
export class Changer {
  readonly #simulator: Simulator
  readonly #patterns: readonly string[]
  readonly #gone: Record<string, unknown>[] = []
  readonly #seen = new Set<string>()

  constructor(simulator: Simulator, patterns = allSpellings) {
    this.#simulator = simulator
    this.#patterns = patterns
  }

  /** The gateway has read all that there is now. */
  seen(): void {
    for (const { id } of this.#simulator.visible()) this.#seen.add(id)
  }

  /** Does nothing when there is nothing that could change so. */
  make(change: Change): void {
    if (change.kind === 'create') this.#simulator.add(this.#indicator(change))
    else if (change.kind === 'edit') this.#edit(change.which, this.#edits(change)[change.how])
    else if (change.kind === 'extend')
      this.#edit(change.which, { valid_until: this.#inDays(change.days) })
    else if (change.kind === 'report') this.#report(change)
    else this.#makers[change.kind](change.which)
  }

  readonly #makers = {
    revoke: (which: number) => this.#edit(which, { revoked: true }),
    restore: (which: number) => this.#edit(which, { revoked: false }),
    vanish: (which: number) => this.#take(which),
    return: (which: number) => this.#giveBack(which),
    relate: (which: number) => this.#relate(which),
    note: (which: number) => this.#note(which)
  }

  /** One of a type, by any number; undefined when there is none. */
  one(type: string, which: number, fits = (_id: string) => true): string | undefined {
    const all = this.#simulator.visible().filter(each => each.type === type && fits(each.id))
    return all[which % all.length]?.id
  }

  #inDays(days: number): string {
    return new Date(this.#simulator.clock.now() + days * dayMs).toISOString()
  }

  #indicator({ what, tlp, days }: Extract<Change, { kind: 'create' }>) {
    return {
      type: 'indicator',
      created: this.#inDays(0),
      name: `Indicator ${what}`,
      pattern: this.#patterns[what % this.#patterns.length],
      pattern_type: 'stix',
      object_marking_refs: [tlps[tlp]],
      valid_from: this.#inDays(-30),
      valid_until: this.#inDays(days),
      revoked: false
    }
  }

  #edits({ value }: Extract<Change, { kind: 'edit' }>): Record<string, unknown>[] {
    return [
      { name: `Renamed ${value}` },
      { confidence: value * 7 },
      { labels: [`label-${value}`] },
      { pattern: this.#patterns[value % this.#patterns.length] },
      { object_marking_refs: [tlps[value % 4]] },
      { object_marking_refs: [tlps[value % 4]] },
      {}
    ]
  }

  #edit(which: number, members: Record<string, unknown> = {}): void {
    const id = this.one('indicator', which)
    if (id) this.#simulator.edit(id, members)
  }

  #take(which: number): void {
    const id = this.one(which % 5 === 0 ? 'report' : 'indicator', which)
    if (!id) return
    this.#gone.push(this.#simulator.get(id)!)
    this.#simulator.remove(id)
  }

  /** As it was; but nobody looks for something new among what is long past. */
  #giveBack(which: number): void {
    const [object] = this.#gone.splice(which % Math.max(1, this.#gone.length), 1)
    if (!object) return
    const isKnown = this.#seen.has(String(object['id']))
    const { modified, ...members } = object
    this.#simulator.add(members, isKnown ? { modified: String(modified) } : {})
  }

  #relate(which: number): void {
    const source = this.one('indicator', which)
    const [target] = this.#simulator.add({ type: 'malware', name: `Malware ${which % 3}` })
    const members = { relationship_type: 'indicates', source_ref: source, target_ref: target }
    if (source) this.#simulator.add({ type: 'relationship', ...members, revoked: false })
  }

  #note(which: number): void {
    const known = this.one('note', which)
    const members = { abstract: `Note ${which % 4}`, content: 'Text', revoked: which % 3 === 0 }
    const report = this.one('report', which)
    if (known && which % 2 === 0) this.#simulator.edit(known, members)
    else if (report) this.#simulator.add({ type: 'note', ...members, object_refs: [report] })
  }

  #report({ which, tlp }: Extract<Change, { kind: 'report' }>): void {
    const known = this.one('report', which)
    const members = {
      name: `Report ${which % 5}`,
      object_refs: [0, 1, 2].flatMap(n => this.one('indicator', which + n) ?? []),
      object_marking_refs: [tlps[tlp]],
      description: `# Text ${which}`,
      revoked: which % 7 === 0
    }
    if (known && which % 2 === 0) this.#simulator.edit(known, members)
    else this.#simulator.add({ type: 'report', ...members })
  }
}
