import { hash } from 'node:crypto'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toInstant } from '../stix/timestamp.ts'

/** Objects are compared in so many parts, by the hash of their id, one part at a time. */
const parts = 256
/** Lines of a part that wait in memory before they are written. */
const batch = 200
/** Differences that are kept, by default; more are counted. */
const usualMax = 10_000

export type Side = 'sekoia' | 'gateway'

export interface Difference {
  readonly id: string
  /** `missing`: the gateway lacks it; `outdated`: the gateway has an older version alone. */
  readonly kind: 'missing' | 'outdated'
  /** That Sekoia has, in the form of stix/timestamp.ts `toInstant`. */
  readonly version: string
}

export interface Compared {
  /** Distinct ids of each side. */
  readonly counts: Readonly<Record<Side, number>>
  /** What the gateway lacks: the first of it, while there is room. */
  readonly differences: readonly Difference[]
  /** Further differences, by kind. */
  readonly further: Readonly<Record<Difference['kind'], number>>
}

/**
 * Compares which objects two sides have, and in which version, however many they are: what was seen is written to
 * files below the directory for temporary files, and memory holds one part of 256 at a time.
 */
export class IdComparison {
  readonly #directory = mkdtempSync(join(tmpdir(), 'gateway-verify-'))
  readonly #waiting = new Map<string, string[]>()

  /** @param version RFC 3339 */
  add(side: Side, id: string, version: string): void {
    const file = `${side}-${Number.parseInt(hash('sha1', id).slice(0, 8), 16) % parts}`
    const lines = this.#waiting.get(file) ?? []
    this.#waiting.set(file, lines)
    lines.push(`${toInstant(version) ?? version} ${id}\n`)
    if (lines.length >= batch) this.#write(file, lines)
  }

  /** @param max most differences that are kept; whatever is more is counted. */
  compare(max = usualMax): Compared {
    for (const [file, lines] of this.#waiting) this.#write(file, lines)
    const counts = { sekoia: 0, gateway: 0 }
    const differences: Difference[] = []
    const further = { missing: 0, outdated: 0 }
    const note = (difference: Difference) => {
      if (differences.length < max) differences.push(difference)
      else further[difference.kind]++
    }
    for (let part = 0; part < parts; part++) {
      const sekoia = this.#read('sekoia', part)
      const gateway = this.#read('gateway', part)
      counts.sekoia += sekoia.size
      counts.gateway += gateway.size
      for (const [id, version] of sekoia) {
        const held = gateway.get(id)
        if (held === undefined) note({ id, kind: 'missing', version })
        else if (held < version) note({ id, kind: 'outdated', version })
      }
    }
    return { counts, differences, further }
  }

  close(): void {
    rmSync(this.#directory, { recursive: true, force: true })
  }

  #write(file: string, lines: string[]): void {
    appendFileSync(join(this.#directory, file), lines.join(''))
    lines.length = 0
  }

  /** The newest version of each id. */
  #read(side: Side, part: number): Map<string, string> {
    const path = join(this.#directory, `${side}-${part}`)
    const found = new Map<string, string>()
    if (!existsSync(path)) return found
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      const [version = '', id] = line.split(' ', 2)
      if (id !== undefined && version >= (found.get(id) ?? '')) found.set(id, version)
    }
    return found
  }
}
