import { fingerprint, IdIndex, type IndexedVersion, timeDigest, unknownTime } from './id-index.ts'
import { entryKey } from './packed-index.ts'
import type { EntryName, SegmentHead, VersionPrints } from './segment-head.ts'

const noIds: ReadonlySet<string> = new Set()

/** Which segments hold the newest and the older versions of an object. */
export class VersionIndex {
  readonly #maxIds: number
  readonly #superseded = new Map<number, Set<string>>()
  readonly #successors = new Map<number, Set<string>>()
  readonly #undated = new Map<number, Map<string, string>>()
  readonly #owed = new Map<number, ReadonlySet<string>>()
  readonly #ahead = new Map<string, number>()
  #ids = new IdIndex()
  #knowsAllIds = true

  /** @param maxIds how many ids the index of newest versions may know. */
  constructor(maxIds: number) {
    this.#maxIds = maxIds
  }

  /** Ids of a segment of which a later segment holds a newer version. */
  superseded(no: number): ReadonlySet<string> {
    return this.#superseded.get(no) ?? noIds
  }

  /** Ids of a segment of which an earlier segment holds an older version. */
  successors(no: number): ReadonlySet<string> {
    return this.#successors.get(no) ?? noIds
  }

  /** Keys of a segment's entries that clients get from the tip alone, dated as new. */
  undated(no: number): { has(key: string): boolean; readonly size: number } {
    return this.#undated.get(no) ?? noIds
  }

  /** Of each segment, the keys of undated entries that are still to be appended at the tip. */
  get owed(): ReadonlyMap<number, ReadonlySet<string>> {
    return this.#owed
  }

  /** Segments that owe some of these keys of an id, and no other of it. */
  owingOnly(id: string, keys: readonly string[]): number[] {
    return [...this.#owed.keys()].filter(no => {
      const owed = this.owedOf(no, id)
      return owed.length > 0 && owed.every(key => keys.includes(key))
    })
  }

  /** The keys of an id that a segment owes. */
  owedOf(no: number, id: string): string[] {
    const ids = this.#undated.get(no)
    return [...(this.#owed.get(no) ?? [])].filter(key => ids?.get(key) === id)
  }

  /** Keys of entries that may have stood ahead of the clock when they were read, with their segments. */
  get ahead(): ReadonlyMap<string, number> {
    return this.#ahead
  }

  /** False once there were more ids than the index may know: of some, older versions count as the newest too. */
  get knowsAllIds(): boolean {
    return this.#knowsAllIds
  }

  /** The segment that holds the newest version of this id, as far as the index knows. */
  newest(id: string): number | undefined {
    return this.#ids.get(fingerprint(id))
  }

  /** The same with the digest of the version's time. */
  newestVersion(id: string): IndexedVersion | undefined {
    return this.#ids.find(fingerprint(id))
  }

  /** True when the newest version of the entry's object is this very one, as far as the index knows. */
  isNewest({ id, time }: VersionName): boolean {
    return this.newestVersion(id)?.time === timeDigest(time)
  }

  /**
   * Whether an object that stands in a segment's place upstream was in the segment, as this very version; in doubt it
   * was. Another version is new, wherever it stands.
   */
  isMember({ id, time }: VersionName, no: number): boolean {
    const newest = this.newestVersion(id)
    if (newest === undefined) return !this.#knowsAllIds
    return newest.no === no && [unknownTime, timeDigest(time)].includes(newest.time)
  }

  /** Segments that hold an older version of this id. */
  olderThanNewest(id: string): number[] {
    return [...this.#superseded].filter(([, ids]) => ids.has(id)).map(([no]) => no)
  }

  /** `chainOf` gives the start of the chain a segment belongs to. */
  learn(
    head: SegmentHead,
    { high, low, times }: VersionPrints,
    chainOf: (no: number) => number | undefined
  ): void {
    if (this.#ids.size + high.length > this.#maxIds) {
      this.#ids = new IdIndex()
      this.#knowsAllIds = false
    }
    const print = { high: 0, low: 0 }
    for (let i = 0; i < high.length; i++) {
      print.high = high[i]!
      print.low = low[i]!
      const known = this.#ids.get(print)
      const chain = known === undefined || known === head.no ? undefined : chainOf(known)
      if (chain === undefined || chain <= head.chain)
        this.#ids.set(print, head.no, times?.[i] ?? unknownTime)
    }
    for (const [no, id] of head.supersedes) {
      addTo(this.#superseded, no, id)
      addTo(this.#successors, head.no, id)
    }
    for (const id of head.superseded) addTo(this.#superseded, head.no, id)
    for (const name of head.ahead ?? []) this.#ahead.set(keyOf(name), head.no)
    if (head.undated)
      this.#undated.set(head.no, new Map(head.undated.map(name => [keyOf(name), name[0]])))
    for (const no of new Set([head.no, ...head.supersedes.map(([no]) => no)])) this.#owe(no)
  }

  #owe(no: number): void {
    const undated = this.#undated.get(no)
    if (!undated) return
    const left = [...undated].filter(([, id]) => !this.superseded(no).has(id))
    if (left.length > 0) this.#owed.set(no, new Set(left.map(([key]) => key)))
    else this.#owed.delete(no)
  }
}

type VersionName = { readonly id: string; readonly time: string | undefined }

const keyOf = ([id, time]: EntryName): string => entryKey({ id, time: time ?? undefined })

function addTo(sets: Map<number, Set<string>>, no: number, id: string): void {
  const set = sets.get(no)
  if (set) set.add(id)
  else sets.set(no, new Set([id]))
}
