/** What a MISP has stored. Its maps are keyed by UUID, which MISP keeps unique over all events. */

export interface LocalEvent {
  readonly uuid: string
  readonly info: string
  readonly date: string
  readonly analysis: string
  readonly threatLevel: string
  /** Epoch seconds. */
  readonly timestamp: number
  readonly published: boolean
  readonly orgc: string
  readonly tags: ReadonlySet<string>
}

export interface LocalAttribute {
  readonly uuid: string
  readonly event: string
  /** The UUID of its Object; undefined at the top level. */
  readonly object: string | undefined
  readonly relation: string
  readonly type: string
  readonly category: string
  readonly value: string
  readonly toIds: boolean
  readonly comment: string
  readonly deleted: boolean
  readonly disableCorrelation: boolean
  /** ISO 8601. */
  readonly firstSeen: string | undefined
  readonly lastSeen: string | undefined
  /** Epoch seconds. */
  readonly timestamp: number
  readonly tags: ReadonlySet<string>
}

export interface LocalObject {
  readonly uuid: string
  readonly event: string
  readonly name: string
  readonly metaCategory: string
  readonly description: string
  readonly templateUuid: string
  readonly templateVersion: string
  readonly comment: string
  readonly deleted: boolean
  readonly timestamp: number
}

export interface LocalReference {
  readonly uuid: string
  readonly event: string
  /** The UUID of the Object that refers. */
  readonly source: string
  readonly target: string
  readonly relationship: string
  readonly comment: string
  readonly deleted: boolean
  readonly timestamp: number
}

export interface LocalReport {
  readonly uuid: string
  readonly event: string
  readonly name: string
  readonly content: string
  readonly deleted: boolean
  readonly timestamp: number
}

/** Something that MISP refused, and logged or passed over in silence. */
export interface Dropped {
  readonly what: 'manifest' | 'event' | 'attribute' | 'object' | 'reference' | 'report' | 'tag'
  readonly uuid: string
  readonly reason: string
}

/** What a value becomes by MISP's import regular expressions; undefined when they block it. */
export type ImportRegexps = (type: string, value: string) => string | undefined

type Identified = Pick<LocalAttribute, 'event' | 'type' | 'category' | 'value'>

/** The process that pulls was killed. What it had stored by then stays, as MISP stores each thing by itself. */
export class Killed extends Error {}

export class Database {
  readonly events = new Map<string, LocalEvent>()
  readonly objects = new Map<string, LocalObject>()
  readonly references = new Map<string, LocalReference>()
  readonly reports = new Map<string, LocalReport>()
  readonly dropped: Dropped[] = []
  /** MISP's clock, in epoch seconds. */
  readonly now: () => number
  readonly #attributes = new Map<string, LocalAttribute>()
  /** The UUIDs of attributes by that of their Object. */
  readonly #inObject = new Map<string, Set<string>>()
  /** The live top-level attributes that MISP takes for the same. */
  readonly #same = new Map<string, Set<string>>()
  /** What may still be written before the process is killed. */
  #writesLeft = Number.POSITIVE_INFINITY

  readonly importRegexps: ImportRegexps

  constructor(now: () => number, importRegexps: ImportRegexps = (_, value) => value) {
    this.now = now
    this.importRegexps = importRegexps
  }

  get attributes(): ReadonlyMap<string, LocalAttribute> {
    return this.#attributes
  }

  /** After so many writes, to events and to what is in them, the process is killed. */
  killAfter(writes: number): void {
    this.#writesLeft = writes
  }

  /** To be called before each write. @throws Killed */
  write(): void {
    if (this.#writesLeft-- <= 0) throw new Killed('killed')
  }

  saveEvent(event: LocalEvent): void {
    this.write()
    this.events.set(event.uuid, event)
  }

  saveObject(object: LocalObject): void {
    this.write()
    this.objects.set(object.uuid, object)
  }

  saveReference(reference: LocalReference): void {
    this.write()
    this.references.set(reference.uuid, reference)
  }

  saveReport(report: LocalReport): void {
    this.write()
    this.reports.set(report.uuid, report)
  }

  saveAttribute(attribute: LocalAttribute): void {
    this.write()
    const known = this.#attributes.get(attribute.uuid)
    if (known) this.#same.get(sameness(known))?.delete(known.uuid)
    this.#attributes.set(attribute.uuid, attribute)
    const { object, uuid } = attribute
    if (object !== undefined) note(this.#inObject, object, uuid)
    else if (!attribute.deleted) note(this.#same, sameness(attribute), uuid)
  }

  /** The UUID of another live top-level attribute of the event that MISP takes for the same. */
  findSame(attribute: LocalAttribute): string | undefined {
    const uuids = this.#same.get(sameness(attribute)) ?? []
    return [...uuids].find(uuid => uuid !== attribute.uuid)
  }

  attributesOf(object: string): LocalAttribute[] {
    return [...(this.#inObject.get(object) ?? [])].map(uuid => this.#attributes.get(uuid)!)
  }

  drop(what: Dropped['what'], uuid: string, reason: string): void {
    this.dropped.push({ what, uuid, reason })
  }
}

function note(index: Map<string, Set<string>>, key: string, uuid: string): void {
  index.set(key, (index.get(key) ?? new Set()).add(uuid))
}

/** What MISP compares when it looks for an attribute by its value. */
export const sameness = ({ event, type, category, value }: Identified): string =>
  JSON.stringify([event, type, category, collated(value)])

/**
 * The value as the columns `value1` and `value2` compare it: MISP 2.5.1 declares them `utf8mb3_unicode_ci`, for
 * which neither case nor accents count.
 */
export const collated = (value: string): string =>
  value
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll('ß', 'ss')
    .replace(/ +$/, '')
