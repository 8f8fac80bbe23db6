import { byte } from './bytes.ts'
import { JsonReader, tokenText } from './json-reader.ts'
import { constantCreated, markingConstant } from './markings.ts'
import { isRequired, isTime } from './properties.ts'
import { isZoneless, toInstant } from './timestamp.ts'
import { isPlainTimestamp, toStixTimestamp } from './timestamp-form.ts'
import { TokenTexts } from './token-texts.ts'

/**
 * Raise by one when a rule is added, changed or removed: objects repaired under other rules are then repaired again.
 */
const rulesVersion = 2

/** A name for the rules in force, kept with stored objects: repaired, or as Sekoia gave them. */
export const repairRules = (repair: boolean): string =>
  repair ? `repair ${rulesVersion}` : 'as given'

/**
 * What is known of one item while it is read: the fields for the index, and the edits that make it valid STIX (G10).
 * Every edit carries the name of its rule; a valid object gets none. No rule removes what an object must have, and
 * none changes the meaning of a time.
 */
export type Rule = 'spec-version' | 'null' | 'empty' | 'timestamp' | 'timezone' | 'marking'

/** A change to the bytes of one object. The edits of an object are in ascending order and do not overlap. */
export interface Edit {
  /** Offset within the upstream body. */
  readonly at: number
  /** Number of bytes removed. */
  remove: number
  /** ASCII text inserted. */
  readonly insert: string
  /** `unrepaired` marks a fault that no rule repairs; such an edit changes nothing. */
  readonly rule: Rule | 'unrepaired'
}

export interface Range {
  readonly start: number
  readonly end: number
}

/** A time that cannot be parsed, in a member that has to stay. */
interface Fault extends Range {
  readonly name: 'created' | 'modified' | 'valid_from' | 'other'
}

/** What most items have of edits and faults: thousands of items are in memory at a time. */
const none: readonly never[] = []

/** One for all items of a body: drafts that stay until the page is whole are garbage by then. */
export class Draft {
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
  readonly #types = new TokenTexts()
  readonly #versions = new TokenTexts()
  #start = 0
  #knownType: string | undefined
  #validUntil: Range | undefined
  #edits: Edit[] | undefined
  #faults: readonly Fault[] = none

  constructor(bytes: Buffer, repair: boolean) {
    this.#bytes = bytes
    this.#repair = repair
  }

  /** Forgets all that was noted: the next item begins at `start`. */
  begin(start: number): void {
    this.#start = start
    this.id = undefined
    this.type = undefined
    this.modified = undefined
    this.created = undefined
    this.specVersion = undefined
    this.rawModified = undefined
    this.rawCreated = undefined
    this.#knownType = undefined
    this.#validUntil = undefined
    this.#edits = undefined
    this.#faults = none
  }

  get edits(): readonly Edit[] {
    return this.#edits ?? none
  }

  /** Adds an edit behind those so far. */
  edit(edit: Edit): void {
    if (this.#edits) this.#edits.push(edit)
    else this.#edits = [edit]
  }

  /** Forgets all edits but the first `count`. */
  keepEdits(count: number): void {
    if (this.#edits) this.#edits.length = count
  }

  /** The item's type, wherever it is in the item. */
  get #anyType(): string | undefined {
    this.#knownType ??= this.type ?? typeOf(this.#bytes, this.#start)
    return this.#knownType
  }

  /** Notes the value of a top-level member, one of fields.ts. Returns a rule if the member has to be removed. */
  take(name: string, range: Range): Rule | undefined {
    switch (name) {
      case 'id':
        this.id = this.#text(range)
        return undefined
      case 'type':
        this.type = this.#text(range, this.#types)
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

  /** True for a top-level member that stays although it is null or empty. */
  mustKeep(name: string): boolean {
    return isRequired(this.#anyType, name)
  }

  /** Counts a fault that stays as it is, with everything inside it. */
  leave(at: number): void {
    this.edit({ at, remove: 0, insert: '', rule: 'unrepaired' })
  }

  /** Decides what needs the whole item, which is `range`. */
  settle(range: Range): void {
    if (!this.#repair || this.#settleMarking(range)) return
    if (this.#faults.length > 0) this.#settleFaults()
    if (this.specVersion !== undefined || this.type === 'bundle') return
    this.specVersion = '2.1'
    const insert = '"spec_version":"2.1",'
    const edit: Edit = { at: range.start + 1, remove: 0, insert, rule: 'spec-version' }
    this.#edits = [edit, ...this.edits]
  }

  #settleMarking({ start, end }: Range): boolean {
    if (this.type !== 'marking-definition') return false
    const insert = markingConstant(this.id!, () => this.#bytes.toString('utf8', start, end))
    if (insert === undefined) return false
    this.#edits = [{ at: start, remove: end - start, insert, rule: 'marking' }]
    this.created = constantCreated
    this.modified = undefined
    this.specVersion = '2.1'
    return true
  }

  #text({ start, end }: Range, known?: TokenTexts): string | undefined {
    if (this.#bytes[start] !== byte.quote) return undefined
    return known ? known.textOf(this.#bytes, start, end) : tokenText(this.#bytes, start, end)
  }

  #takeSpecVersion(range: Range): void {
    this.specVersion = this.#text(range, this.#versions)
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
    if (!this.#repair) {
      if (text !== undefined && isZoneless(text))
        this.edit({ at: range.start, remove: 0, insert: '', rule: 'timezone' })
      return text
    }
    if (this.#faults.length > 0) this.#faults = this.#faults.filter(fault => fault.name !== name)
    const fixed = this.#fixTime(range, 3)
    if (fixed === undefined) this.#faults = [...this.#faults, { name, ...range }]
    return fixed || text
  }

  #takeTime(name: string, range: Range): Rule | undefined {
    if (name === 'valid_until') this.#validUntil = range
    if (isPlainTimestamp(this.#bytes, range, 0)) return undefined
    const type = this.#anyType
    if (!isTime(type, name)) return undefined
    if (this.#fixTime(range, 0) !== undefined) return undefined
    if (!isRequired(type, name)) return 'timestamp'
    this.#faults = [...this.#faults, { name: name === 'valid_from' ? name : 'other', ...range }]
    return undefined
  }

  /** Rewrites a timestamp in STIX form. Returns '' if it has that form, undefined if it is no timestamp. */
  #fixTime(range: Range, minimumDigits: number): string | undefined {
    if (isPlainTimestamp(this.#bytes, range, minimumDigits)) return ''
    const text = this.#text(range)
    const fixed = text === undefined ? undefined : toStixTimestamp(text, minimumDigits)
    if (fixed === undefined) return undefined
    if (fixed === text) return ''
    this.#replace(range, fixed, isZoneless(text!) ? 'timezone' : 'timestamp')
    return fixed
  }

  /**
   * An unreadable `created` is replaced by `modified` and the reverse; an unreadable `valid_from` by either, if that
   * is still before `valid_until`.
   */
  #settleFaults(): void {
    const broken = new Set(this.#faults.map(fault => fault.name))
    const sound = broken.has('created') ? undefined : this.created
    const substitute = sound ?? (broken.has('modified') ? undefined : this.modified)
    for (const { name, ...range } of this.#faults) {
      const fits = name !== 'valid_from' || this.#isBeforeEnd(substitute)
      if (substitute === undefined || name === 'other' || !fits) {
        this.leave(range.start)
        continue
      }
      this.#replace(range, substitute, 'timestamp')
      if (name !== 'valid_from') this[name] = substitute
    }
    this.#edits?.sort((a, b) => a.at - b.at)
  }

  #isBeforeEnd(time: string | undefined): boolean {
    const until = this.#validUntil && this.#text(this.#validUntil)
    const [start, end] = [time, until].map(text => text && toInstant(text))
    return !start || !end || start < end
  }

  /** Replaces a range; edits inside it are dropped. */
  #replace({ start, end }: Range, text: string, rule: Rule): void {
    this.#edits = this.edits.filter(({ at }) => at < start || at >= end)
    this.#edits.push({ at: start, remove: end - start, insert: `"${text}"`, rule })
  }
}

/** The last `type` among the members of the object that begins at `start`. */
function typeOf(bytes: Buffer, start: number): string | undefined {
  const reader = new JsonReader(bytes)
  let type: string | undefined
  reader.at = start
  for (reader.expect(byte.openBrace); ; reader.expect(byte.comma)) {
    const key = reader.at
    reader.string()
    const isType = tokenText(bytes, key, reader.at) === 'type'
    reader.space()
    reader.expect(byte.colon)
    const value = reader.at
    reader.value()
    if (isType) type = bytes[value] === byte.quote ? tokenText(bytes, value, reader.at) : undefined
    reader.space()
    if (bytes[reader.at] === byte.closeBrace) return type
  }
}
