import { createHash } from 'node:crypto'
import { maxOtherPlaces, type OtherPlace, type Position } from '../kernel/records.ts'
import { type Match, matchText, parseMatchText, typeAt, typeNumber } from './match.ts'
import type { Endpoint } from './parameters.ts'

/**
 * The `next` token: a place in one collection's order, and the query it belongs to. It gives no rights and holds no
 * secret; rights are checked on every request. The checksum is unkeyed, so a token survives restarts, upgrades and
 * the loss of secrets (G3); it only detects alteration.
 *
 *     1 version │ 1 shape │ 16 collection │ [8 added_after] │ match: 1 + n text, or 8 hash
 *     │ [other places: 1 + n × (4 epoch, 4 segment, 8 date, 17 id)]
 *     │ [4 epoch, 4 segment, 8 date, 8 natural, id to the end] │ 8 checksum
 *
 * Numbers are bytes. Times are doubles.
 */
export interface NextToken {
  readonly endpoint: Endpoint
  /** Lower-case UUID. */
  readonly collectionId: string
  /** Of the walk's first request, ms since the epoch. */
  readonly addedAfter: number | undefined
  /** The walk's filters, or their hash when they are too long to carry: then the client has to repeat them. */
  readonly match: Match | MatchHash
  /** Undefined: the walk stands at `addedAfter`. */
  readonly position: Position | undefined
}

export interface MatchHash {
  /** 16 hex digits. */
  readonly hash: string
}

const version = 1
/** 150 bytes are the 200 characters that CLIENT-3 allows. */
const maxBytes = 150
const maxMatchBytes = 60
const checksumBytes = 8
const year0 = -62_167_219_200_000
const year10000 = 253_402_300_800_000

const endpoints: readonly Endpoint[] = ['objects', 'manifest', 'object', 'versions']
const idForms = ['none', 'known type', 'custom type', 'text'] as const
type IdForm = (typeof idForms)[number]
const canonicalId =
  /^([a-z0-9-]+)--([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})$/

const sha256 = (bytes: Buffer | string, length: number): Buffer =>
  createHash('sha256').update(bytes).digest().subarray(0, length)

/** The hash that stands for a match in a token. */
export const hashMatch = (match: Match): MatchHash => ({
  hash: sha256(matchText(match), 8).toString('hex')
})

/**
 * At most 200 characters of `A-Z a-z 0-9 - _`. An id that does not fit is left out: the reader repeats ties. So are
 * other places: the reader begins there with the second of the own time.
 */
export function encodeToken(token: NextToken): string {
  const match = encodeMatch(token.match)
  const head = Buffer.concat([
    uuidBytes(token.collectionId),
    token.addedAfter === undefined ? Buffer.alloc(0) : timeBytes(token.addedAfter),
    match.bytes
  ])
  const room = maxBytes - 2 - head.length - checksumBytes
  const { form, bytes: tail } = encodePosition(token.position, room)
  const others = encodeOthers(token.position, room - tail.length)
  const shape =
    endpoints.indexOf(token.endpoint) |
    (token.addedAfter === undefined ? 0 : 4) |
    (token.position === undefined ? 0 : 8) |
    (match.hashed ? 16 : 0) |
    (idForms.indexOf(form) << 5) |
    (others.length === 0 ? 0 : 128)
  const content = Buffer.concat([Buffer.from([version, shape]), head, others, tail])
  return Buffer.concat([content, sha256(content, checksumBytes)]).toString('base64url')
}

/** Undefined for whatever {@link encodeToken} did not make exactly so, forged tokens included. */
export function decodeToken(text: string): NextToken | undefined {
  const bytes = text.length > 200 ? Buffer.alloc(0) : Buffer.from(text, 'base64url')
  const content = bytes.subarray(0, -checksumBytes)
  if (content[0] !== version) return undefined
  if (!sha256(content, checksumBytes).equals(bytes.subarray(-checksumBytes))) return undefined
  try {
    const token = decodeContent(content)
    return encodeToken(token) === text ? token : undefined
  } catch {
    return undefined
  }
}

/** @throws RangeError and others for content that is cut short or makes no sense. */
function decodeContent(content: Buffer): NextToken {
  let at = 1
  const take = (length: number): Buffer => {
    at += length
    return content.subarray(at - length, at)
  }
  const shape = take(1)[0]!
  const position = (): Position => {
    const others = shape & 128 ? decodeOthers(take) : undefined
    const own = decodePosition(content.subarray(at), idForms[(shape >> 5) & 3]!)
    return others ? { ...own, others } : own
  }
  return {
    endpoint: endpoints[shape & 3]!,
    collectionId: uuidText(take(16)),
    addedAfter: shape & 4 ? toTime(take(8)) : undefined,
    match:
      shape & 16 ? { hash: take(8).toString('hex') } : parseMatchText(take(take(1)[0]!).toString()),
    position: shape & 8 ? position() : undefined
  }
}

function decodePosition(bytes: Buffer, form: IdForm): Position {
  const segment = bytes.readUInt32BE(4)
  return {
    epoch: bytes.subarray(0, 4).toString('hex'),
    date: toTime(bytes.subarray(8, 16)),
    natural: toTime(bytes.subarray(16, 24)),
    id: idText(bytes.subarray(24), form),
    ...(segment > 0 && { segment })
  }
}

function encodeMatch(match: Match | MatchHash): { bytes: Buffer; hashed: boolean } {
  if ('hash' in match) return { bytes: Buffer.from(match.hash, 'hex'), hashed: true }
  const text = Buffer.from(matchText(match))
  return text.length > maxMatchBytes
    ? { bytes: Buffer.from(hashMatch(match).hash, 'hex'), hashed: true }
    : { bytes: Buffer.concat([Buffer.from([text.length]), text]), hashed: false }
}

function encodePosition(position: Position | undefined, room: number) {
  if (!position) return { form: 'none' as IdForm, bytes: Buffer.alloc(0) }
  const fixed = Buffer.concat([
    Buffer.from(position.epoch, 'hex'),
    segmentBytes(position.segment ?? 0),
    timeBytes(position.date),
    timeBytes(position.natural)
  ])
  const id = encodeId(position.id)
  return fixed.length + id.bytes.length > room
    ? { form: 'none' as IdForm, bytes: fixed }
    : { form: id.form, bytes: Buffer.concat([fixed, id.bytes]) }
}

const otherBytes = 33
const idBytes = 17

function encodeOthers(position: Position | undefined, room: number): Buffer {
  const count = Math.min(maxOtherPlaces, Math.floor((room - 1) / otherBytes))
  const others = position?.others?.slice(0, Math.max(0, count)) ?? []
  return others.length === 0
    ? Buffer.alloc(0)
    : Buffer.concat([Buffer.from([others.length]), ...others.map(encodeOther)])
}

function encodeOther({ epoch, segment = 0, date, id }: OtherPlace): Buffer {
  const { form, bytes } = encodeId(id)
  const known = form === 'known type' ? bytes : Buffer.alloc(idBytes)
  return Buffer.concat([Buffer.from(epoch, 'hex'), segmentBytes(segment), timeBytes(date), known])
}

function decodeOthers(take: (length: number) => Buffer): OtherPlace[] {
  const [count] = take(1)
  if (!count) throw new RangeError('no other place')
  return Array.from({ length: count }, () => decodeOther(take(otherBytes)))
}

function decodeOther(bytes: Buffer): OtherPlace {
  const segment = bytes.readUInt32BE(4)
  const id = bytes.subarray(otherBytes - idBytes)
  return {
    epoch: bytes.subarray(0, 4).toString('hex'),
    date: toTime(bytes.subarray(8, 16)),
    id: id.every(byte => byte === 0) ? '' : idText(id, 'known type'),
    ...(segment > 0 && { segment })
  }
}

function encodeId(id: string): { form: IdForm; bytes: Buffer } {
  const match = canonicalId.exec(id)
  if (!match) return { form: id === '' ? 'none' : 'text', bytes: Buffer.from(id) }
  const uuid = Buffer.from(match.slice(2).join(''), 'hex')
  const type = match[1]!
  const number = typeNumber(type)
  return number === -1
    ? { form: 'custom type', bytes: Buffer.concat([uuid, Buffer.from(type)]) }
    : { form: 'known type', bytes: Buffer.concat([uuid, Buffer.from([number])]) }
}

function idText(bytes: Buffer, form: IdForm): string {
  switch (form) {
    case 'none':
      return ''
    case 'text':
      return bytes.toString()
    case 'known type':
      return `${typeAt(bytes[16]!)}--${uuidText(bytes.subarray(0, 16))}`
    case 'custom type':
      return `${bytes.subarray(16)}--${uuidText(bytes.subarray(0, 16))}`
  }
}

function segmentBytes(segment: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(segment)
  return bytes
}

function timeBytes(millis: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(millis)
  return bytes
}

function toTime(bytes: Buffer): number {
  const millis = bytes.readDoubleBE()
  if (Number.isInteger(millis) && millis >= year0 && millis < year10000) return millis
  throw new RangeError('not a time of the years 0 to 9999')
}

const uuidBytes = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex')

const uuidText = (bytes: Buffer): string =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
