import type {
  AttributeBody,
  EventBody,
  EventFacts,
  ObjectBody,
  ReportBody
} from '../../src/misp/events/wire.ts'
import { checkFeed } from './misp/checker.ts'
import { keysOf } from './misp-scenes.ts'
import { readServed, type Served } from './misp-served.ts'
import type { MispWorld } from './misp-world.ts'

/** The invariants INV-1 to INV-18 that a publication shows by itself, and against the one before. */

interface Publication {
  readonly served: Served
  /** The seconds between which it was made. */
  readonly from: number
  readonly to: number
}

export interface AuditMoment {
  /** When the round began, ms since the epoch; it has ended now. */
  readonly begun: number
  /** True when publications may have been made that nobody looked at. */
  readonly isBlind: boolean
}

export class Audit {
  readonly #tombstoneSeconds: number
  readonly #restampSeconds: number
  #before: Publication | undefined
  /** The newest timestamp that an event ever had. */
  #newest = 0

  /** @param restampSeconds within which every event is stamped anew */
  constructor(tombstoneSeconds: number, restampSeconds: number) {
    this.#tombstoneSeconds = tombstoneSeconds
    this.#restampSeconds = restampSeconds
  }

  /** What is wrong with what is served now, in sentences. */
  async check(world: MispWorld, { begun, isBlind }: AuditMoment): Promise<string[]> {
    const served = await readServed(world)
    const [from, to] = [begun, world.clock.now()].map(millis => Math.floor(millis / 1000))
    const after = { served, from: from!, to: to! }
    const before = this.#before
    this.#before = after
    const problems = [
      ...(await checkFiles(served, from === to ? from : undefined)),
      ...(await checkStore(world, served)),
      ...served.events.flatMap(event => checkLives(event, after)),
      ...this.#checkIssued(served, before?.served.manifest ?? {}, isBlind ? 0 : from!),
      ...(before ? await this.#checkPair(before, after, { world, isBlind }) : [])
    ]
    return problems
  }

  /** INV-4: each new timestamp is later than every one before, and than now. */
  #checkIssued({ events }: Served, known: Served['manifest'], from: number): string[] {
    const fresh = events.filter(({ uuid, timestamp }) => known[uuid]?.timestamp !== timestamp)
    const newest = this.#newest
    this.#newest = Math.max(newest, ...fresh.map(({ timestamp }) => Number(timestamp)))
    return fresh
      .filter(({ timestamp }) => Number(timestamp) <= newest || Number(timestamp) < from)
      .map(({ uuid }) => `${uuid} has an old timestamp`)
  }

  async #checkPair(
    before: Publication,
    after: Publication,
    { world, isBlind }: { readonly world: MispWorld; readonly isBlind: boolean }
  ): Promise<string[]> {
    const now = new Map(after.served.events.map(event => [event.uuid, event]))
    const problems: string[] = []
    for (const event of before.served.events) {
      const next = now.get(event.uuid)
      if (next) problems.push(...checkEvents(event, next, isBlind || this.#mayBeAnew(event, after)))
      else if ((await world.fetch(`/${event.uuid}.json`, {})).status !== 404)
        problems.push(`${event.uuid} is not listed and still there`)
    }
    const anew = new Set(
      before.served.events.filter(event => this.#mayBeAnew(event, after)).map(({ uuid }) => uuid)
    )
    const old = childrenOf(before.served.events)
    const young = childrenOf(after.served.events)
    for (const [uuid, child] of old) {
      const next = young.get(uuid)
      problems.push(
        ...(next
          ? checkChildren(child, next, isBlind || (isObject(child) && anew.has(child.event)))
          : this.#checkGone(child, before, after))
      )
    }
    if (!isBlind)
      for (const [uuid, child] of young)
        if (!old.has(uuid)) problems.push(...checkNew(child, after))
    return problems
  }

  /** True in the second half of the period, when an event may be stamped anew, with its Objects (M1). */
  #mayBeAnew({ timestamp }: EventBody, { to }: Publication): boolean {
    return to >= Number(timestamp) + this.#restampSeconds / 2
  }

  /** INV-7: what was served is there until its tombstone was served for long enough. */
  #checkGone({ body }: Child, before: Publication, { to }: Publication): string[] {
    const since = body.deleted ? buriedSince(body) : before.from
    return since + this.#tombstoneSeconds <= to ? [] : [`${body.uuid} is gone too early`]
  }
}

type Body = AttributeBody | ObjectBody | ReportBody

interface Child {
  readonly body: Body
  readonly event: string
}

const isObject = ({ body }: Child): boolean => 'Attribute' in body

/** An Object that was taken back may have been stamped anew; its attributes were not. */
const buriedSince = (body: Body): number =>
  'Attribute' in body && body.Attribute.length > 0
    ? Math.max(...body.Attribute.map(({ timestamp }) => Number(timestamp)))
    : Number(body.timestamp)

/** Attributes, those of Objects too, Objects and reports. */
const childrenOf = (events: readonly EventBody[]): Map<string, Child> =>
  new Map(
    events.flatMap(event =>
      [
        ...event.Attribute,
        ...event.Object,
        ...event.Object.flatMap(({ Attribute }) => Attribute),
        ...event.EventReport
      ].map((body): [string, Child] => [body.uuid, { body, event: event.uuid }])
    )
  )

/** By the static checker: INV-5, INV-6, INV-10 to INV-14 and INV-17. */
const checkFiles = ({ files }: Served, publishedAt: number | undefined): Promise<string[]> => {
  const file = (path: string) => Buffer.from(files.get(path) ?? '')
  return checkFeed({
    manifest: file('/manifest.json'),
    hashes: files.has('/hashes.csv') ? file('/hashes.csv') : undefined,
    event: async uuid => file(`/${uuid}.json`),
    ...(publishedAt !== undefined && { publishedAt })
  })
}

/** What is stored of events is what is listed. */
async function checkStore(world: MispWorld, { manifest }: Served): Promise<string[]> {
  const listed = Object.keys(manifest).sort().join()
  const problems: string[] = []
  for (const table of ['event', 'head', 'hash'])
    if ((await keysOf(world, table)).join() !== listed)
      problems.push(`${table}: not what is listed`)
  if ((await keysOf(world, 'dirty')).length > 0) problems.push('something was left dirty')
  return problems
}

const isOver = (body: Body, seconds: number): boolean =>
  'last_seen' in body && Date.parse(body.last_seen!) <= seconds * 1000

/** INV-9: with to_ids nothing is past `valid_until`, and nothing is taken back. */
const checkLives = (event: EventBody, { from }: Publication): string[] =>
  [...childrenOf([event]).values()].flatMap(({ body }) => {
    if (!('to_ids' in body && body.to_ids)) return []
    if (body.deleted) return [`${body.uuid} is deleted and has to_ids`]
    return isOver(body, from) ? [`${body.uuid} is over and has to_ids`] : []
  })

/** What never was live is not served: what is new is live, as of when its source was modified. */
function checkNew({ body }: Child, { from, to }: Publication): string[] {
  return [
    ...(body.deleted ? [`${body.uuid} is new and deleted`] : []),
    ...(isOver(body, from) ? [`${body.uuid} is new and over`] : []),
    ...(Number(body.timestamp) > to ? [`${body.uuid} is new and from the future`] : [])
  ]
}

/** INV-8: a timestamp grows with the content, and only then; tags are only added. */
function checkChildren(before: Child, after: Child, isBlind: boolean): string[] {
  const { uuid } = before.body
  if (before.event !== after.event) return [`${uuid} moved to another event`]
  const growth = Number(after.body.timestamp) - Number(before.body.timestamp)
  const isSame = contentOf(before.body) === contentOf(after.body)
  return [
    ...(growth < 0 || (!isSame && growth === 0) ? [`${uuid} changed and is not newer`] : []),
    ...(isSame && growth > 0 && !isBlind ? [`${uuid} is newer and did not change`] : []),
    ...checkTags(uuid, before.body, after.body)
  ]
}

/** INV-3, and what OpenCTI takes for the identity of a report. */
function checkEvents(before: EventBody, after: EventBody, isBlind: boolean): string[] {
  const { uuid } = before
  const isSame = contentOf(before) === contentOf(after)
  const isNewer = after.timestamp !== before.timestamp
  return [
    ...(!isSame && !isNewer ? [`${uuid} changed and is not newer`] : []),
    ...(isSame && isNewer && !isBlind ? [`${uuid} is newer and did not change`] : []),
    ...(after.date === before.date ? [] : [`${uuid} has another date`]),
    ...checkTags(uuid, before, after)
  ]
}

const contentOf = (body: Body | EventFacts): string =>
  JSON.stringify({ ...body, timestamp: '', publish_timestamp: '' })

function checkTags(uuid: string, before: object, after: object): string[] {
  const tagsOf = (body: object) => ('Tag' in body ? (body as EventFacts).Tag : [])
  const now = new Set(tagsOf(after).map(({ name }) => name))
  const lost = tagsOf(before).filter(({ name }) => !now.has(name))
  return lost.map(({ name }) => `${uuid} lost its tag ${name}`)
}
