/**
 * Indicators as Sekoia's feed pages hold them, deviations included (SEKOIA-8). All values are synthetic:
 * documentation domains and addresses, random hashes.
 */
import { sekoia, sourcesOf } from './context.ts'
import type { CorpusSeed, Frame } from './frame.ts'
import { hash, hexDigits } from './random.ts'
import { textOf } from './timeline.ts'

const dayMicros = 86_400_000_000

interface Observable {
  readonly pattern: string
  readonly name: string
  /** `x_ic_observable_types`: for network traffic they name the far end, not the pattern's type. */
  readonly types: readonly string[]
  readonly validDays: number
}

type Maker = (host: string, address: string, seed: number, index: number) => Observable

const single = (type: string, value: string, validDays: number): Observable => ({
  pattern: `[${type}:value = '${value}']`,
  name: value,
  types: [type],
  validDays
})

const named = (pattern: string, types: readonly string[], validDays: number): Observable => ({
  pattern,
  name: pattern,
  types,
  validDays
})

const url: Maker = (host, _address, seed, index) => {
  const pick = hash(seed, index, 21)
  const path = hexDigits(seed, index, [22]).slice(0, 1 + (pick % 8))
  const tails = ['', `?a=1&amp;b=${pick % 999}`, '#top', '%20x.exe', `/${path.repeat(40)}`]
  const tail = tails[pick % 32] ?? ''
  return single('url', `http${pick % 3 ? '' : 's'}://${host}/${path}${tail}`, 181)
}

const file: Maker = (_host, _address, seed, index) => {
  const sha256 = hexDigits(seed, index, [23, 24, 25, 26, 27, 28, 29, 30])
  const md5 = sha256.slice(5, 37)
  const sha1 = sha256.slice(11, 51)
  const pattern = `[file:hashes.'SHA-256' = '${sha256}' OR file:hashes.MD5 = '${md5}' OR file:hashes.'SHA-1' = '${sha1}']`
  return named(pattern, ['file'], 361)
}

/** JSON escapes inside a value: quotes, backslashes, braces and brackets, which a byte scanner must not trip over. */
const awkward: Maker = (host, _address, _seed, index) =>
  named(`[file:name = 'C:\\\\\\\\tmp\\\\\\\\{${index}]\\", \\"${host}\\\\'}.exe']`, ['file'], 361)

const makers: readonly [share: number, make: Maker][] = [
  [540, url],
  [200, file],
  [90, host => single('domain-name', host, 181)],
  [60, (_host, address) => single('ipv4-addr', address, 44)],
  [30, host => named(`[network-traffic:dst_ref.value = '${host}']`, ['domain-name'], 44)],
  [20, (_host, ip) => named(`[network-traffic:dst_ref.value = '${ip}']`, ['ipv4-addr'], 44)],
  [
    20,
    (_host, ip) =>
      named(
        `[network-traffic:dst_ref.value = '${ip}' AND network-traffic:dst_port = 82]`,
        ['ipv4-addr'],
        44
      )
  ],
  [15, host => single('email-addr', `mailbox@${host}`, 181)],
  [10, host => single('filename', `${host}.exe`, 361)],
  [5, (_host, _ip, _seed, index) => single('ipv6-addr', `2001:db8::${index % 9999}`, 44)],
  [10, awkward]
]

const makerAt: readonly Maker[] = makers.flatMap(([share, make]) => Array(share).fill(make))

function observableOf(seed: number, index: number): Observable {
  const pick = hash(seed, index, 20)
  const host = `${hexDigits(seed, index, [19]).slice(0, 3 + (pick % 6))}.example.${pick & 16 ? 'com' : 'org'}`
  const address = `${pick & 32 ? '192.0.2' : '198.51.100'}.${pick >>> 24}`
  return makerAt[hash(seed, index, 18) % 1000]!(host, address, seed, index)
}

/** The observable types that the filters of a feed look at. */
export const observableTypesOf = (seed: number, index: number): readonly string[] =>
  observableOf(seed, index).types

/** The pattern of an indicator of the base, as STIX has it. */
export const patternOf = (seed: number, index: number): string =>
  JSON.parse(`"${observableOf(seed, index).pattern}"`)

const labelChoices: readonly (readonly string[])[] = [['phishing'], ['c2'], ['c2', 'botnet'], []]

/** `labels` of an indicator; undefined for most, empty for a few. */
export const labelsOf = (seed: number, index: number): readonly string[] | undefined =>
  labelChoices[hash(seed, index, 31) % 40]

/** `valid_until` as written: absent from some, unparseable in some. */
export function validUntilOf(
  seed: number,
  index: number,
  createdMicros: number
): string | undefined {
  const pick = hash(seed, index, 32) % 100
  if (pick === 0) return undefined
  if (pick === 1) return index % 2 ? '0000-00-00T00:00:00Z' : 'unlimited'
  const from = Math.floor(createdMicros / dayMicros) * dayMicros
  const text = textOf(from + observableOf(seed, index).validDays * dayMicros)
  return pick === 2 ? text.replace('Z', '.000Z') : text
}

const killChains = [
  '[{"phase_name":"delivery","kill_chain_name":"lockheed-martin-cyber-kill-chain"},{"phase_name":"initial-access","kill_chain_name":"mitre-attack"}]',
  '[{"phase_name":"command-and-control","kill_chain_name":"lockheed-martin-cyber-kill-chain"},{"phase_name":"command-and-control","kill_chain_name":"mitre-attack"}]'
]

/** Members that STIX forbids or a client may not expect, each on about one indicator in a hundred. */
const deviations = [
  ',"external_references":[]',
  ',"description":""',
  ',"description":null,"external_references":null',
  ',"external_references":[{"source_name":"report","url":"www.example.com/r","external_id":null}]',
  ',"external_references":[{"source_name":"report"},{"source_name":"report"}]',
  ',"x_inthreat_tags":[],"x_ic_external_refs":[]'
]

function confidence(pick: number): string {
  if (pick % 5 === 0) return ''
  return pick % 61 === 1 ? ',"confidence":null' : `,"confidence":${pick % 101}`
}

/** The JSON text of an indicator in the form of a feed page. */
export function indicatorJson(corpus: CorpusSeed, index: number, frame: Frame): string {
  const { seed, context } = corpus
  const { name, pattern, types } = observableOf(seed, index)
  const labels = labelsOf(seed, index)
  const until = validUntilOf(seed, index, frame.createdMicros)
  const pick = hash(seed, index, 33)
  return (
    `{"created":"${frame.created}","created_by_ref":"${sekoia}","id":"${frame.id}",` +
    `"indicator_types":["malicious-activity"],"kill_chain_phases":${killChains[pick % 2]!},` +
    `"modified":"${frame.modified}","name":"${name}","object_marking_refs":["${frame.marking}"],` +
    `"pattern":"${pattern}"${pick % 97 === 0 ? '' : ',"pattern_type":"stix"'},` +
    `"revoked":${frame.revoked},"type":"indicator",` +
    `"valid_from":"${frame.created.slice(0, 10)}T00:00:00Z"${until ? `,"valid_until":"${until}"` : ''},` +
    `"x_ic_deprecated":false,"x_ic_observable_types":["${types.join('","')}"]` +
    `${confidence(pick >>> 8)}${labels ? `,"labels":${JSON.stringify(labels)}` : ''}` +
    `${deviations[(pick >>> 16) % 100] ?? ''}` +
    `,"x_inthreat_sources_refs":["${sourcesOf(context, seed, index).join('","')}"]${frame.impacted}}`
  )
}
