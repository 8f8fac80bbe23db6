import { byte, tokenText } from './json-reader.ts'
import { isPlainTimestamp, toStixTimestamp } from './timestamp-form.ts'

/** Grows by one when a rule is added, changed or goes: objects repaired under other rules are repaired anew. */
const rulesVersion = 1

/** Names the rules under which objects leave, for what is stored of them: repaired, or as Sekoia gave them. */
export const repairRules = (repair: boolean): string =>
  repair ? `repair ${rulesVersion}` : 'as given'

/**
 * What is known of one item while it is read: the fields the index wants, and the edits that make valid STIX
 * of it (G10). Every edit carries the name of its rule; a valid object gets none.
 */
export type Rule = 'spec-version' | 'null' | 'empty' | 'timestamp'

/** A change to the bytes of one object. The edits of an object are in ascending order and do not overlap. */
export interface Edit {
  /** Offset within the upstream body. */
  readonly at: number
  /** Bytes taken out. */
  remove: number
  /** ASCII put in. */
  readonly insert: string
  /** `unrepaired` marks a fault that no rule mends; such an edit changes nothing. */
  readonly rule: Rule | 'unrepaired'
}

interface Range {
  readonly start: number
  readonly end: number
}

interface Fault extends Range {
  readonly name: 'created' | 'modified' | 'valid_from'
}

const fieldNames = [
  'id',
  'type',
  'created',
  'modified',
  'spec_version',
  'valid_from',
  'valid_until',
  'first_seen',
  'last_seen',
  'start_time',
  'stop_time',
  'published',
  'first_observed',
  'last_observed'
] as const

/** The top-level members that are looked at; all others pass unread. */
export type FieldName = (typeof fieldNames)[number]

const byLength: { name: FieldName; bytes: Buffer }[][] = []
for (const name of fieldNames) {
  byLength[name.length] ??= []
  byLength[name.length]!.push({ name, bytes: Buffer.from(name) })
}

/** The known name that stands in `bytes[start, end)`, compared on bytes; undefined for every other. */
export function fieldNameAt(bytes: Buffer, start: number, end: number): FieldName | undefined {
  const candidates = byLength[end - start]
  if (candidates === undefined) return undefined
  for (const { name, bytes: wanted } of candidates) {
    let index = 0
    while (index < wanted.length && bytes[start + index] === wanted[index]) index++
    if (index === wanted.length) return name
  }
  return undefined
}

export class Draft {
  edits: Edit[] = []
  id: string | undefined
  type: string | undefined
  modified: string | undefined
  created: string | undefined
  specVersion: string | undefined
  /** As Sekoia wrote them. */
  rawModified: string | undefined
  rawCreated: string | undefined
  readonly #bytes: Buffer
  readonly #repair: boolean
  #faults: Fault[] = []

  constructor(bytes: Buffer, repair: boolean) {
    this.#bytes = bytes
    this.#repair = repair
  }

  /** Takes note of a top-level member's value. Hands back a rule when the member has to go. */
  take(name: FieldName, range: Range): Rule | undefined {
    switch (name) {
      case 'id':
        this.id = this.#text(range)
        return undefined
      case 'type':
        this.type = this.#text(range)
        return undefined
      case 'spec_version':
        this.#takeSpecVersion(range)
        return undefined
      case 'created':
        this.rawCreated = this.#text(range)
        this.created = this.#takeVersionTime(name, range, this.rawCreated)
        return undefined
      case 'modified':
        this.rawModified = this.#text(range)
        this.modified = this.#takeVersionTime(name, range, this.rawModified)
        return undefined
      default:
        return this.#repair ? this.#takeTime(name, range) : undefined
    }
  }

  /** What can be decided only when the whole item, which begins at `start`, was read. */
  settle(start: number): void {
    if (!this.#repair) return
    if (this.#faults.length > 0) this.#settleFaults()
    const isObservable = this.created === undefined && this.modified === undefined
    if (isObservable || this.specVersion !== undefined) return
    this.specVersion = '2.1'
    const insert = '"spec_version":"2.1",'
    this.edits.unshift({ at: start + 1, remove: 0, insert, rule: 'spec-version' })
  }

  #text({ start, end }: Range): string | undefined {
    return this.#bytes[start] === byte.quote ? tokenText(this.#bytes, start, end) : undefined
  }

  #takeSpecVersion(range: Range): void {
    this.specVersion = this.#text(range)
    if (this.specVersion || !this.#repair) return
    this.specVersion = '2.1'
    this.#replace(range, '2.1', 'spec-version')
  }

  /** The text after repair. */
  #takeVersionTime(
    name: 'created' | 'modified',
    range: Range,
    text: string | undefined
  ): string | undefined {
    if (!this.#repair) return text
    const fixed = this.#fixTime(range, 3)
    if (fixed === undefined) this.#faults.push({ name, ...range })
    return fixed || text
  }

  #takeTime(name: FieldName, range: Range): Rule | undefined {
    if (this.#fixTime(range, 0) !== undefined) return undefined
    if (name !== 'valid_from') return 'timestamp'
    this.#faults.push({ name, ...range })
    return undefined
  }

  /** Puts a timestamp into STIX form. '' when it has that already, undefined when it is no timestamp. */
  #fixTime(range: Range, minimumDigits: number): string | undefined {
    if (isPlainTimestamp(this.#bytes, range, minimumDigits)) return ''
    const text = this.#text(range)
    const fixed = text === undefined ? undefined : toStixTimestamp(text, minimumDigits)
    if (fixed === undefined) return undefined
    if (fixed === text) return ''
    this.#replace(range, fixed, 'timestamp')
    return fixed
  }

  /** `created` and `modified` stand in for each other, and either for `valid_from`. */
  #settleFaults(): void {
    const broken = new Set(this.#faults.map(fault => fault.name))
    const sound = broken.has('created') ? undefined : this.created
    const substitute = sound ?? (broken.has('modified') ? undefined : this.modified)
    for (const { name, ...range } of this.#faults) {
      if (substitute === undefined) {
        this.edits.push({ at: range.start, remove: 0, insert: '', rule: 'unrepaired' })
        continue
      }
      this.#replace(range, substitute, 'timestamp')
      if (name !== 'valid_from') this[name] = substitute
    }
    this.edits.sort((a, b) => a.at - b.at)
  }

  /** Edits inside the range, if any, give way. */
  #replace({ start, end }: Range, text: string, rule: Rule): void {
    this.edits = this.edits.filter(({ at }) => at < start || at >= end)
    this.edits.push({ at: start, remove: end - start, insert: `"${text}"`, rule })
  }
}
