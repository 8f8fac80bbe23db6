import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { uuid } from './objects.ts'

/** A file of STIX objects as Sekoia gives them. */
export interface BundleFile {
  readonly title: string
  readonly path: string
}

/**
 * A made-up bundle with the faults of real ones; and real ones, where the project has its sample beside the
 * repository (it holds live malicious URLs and stays out of it).
 */
export function bundleFiles(t: Test): BundleFile[] {
  const folder = t.testdir({ 'bundle.json': JSON.stringify([syntheticBundle()]) })
  const real = new URL('../../../shared/data/sekoia-sample-bundle.json', import.meta.url)
  return [
    { title: 'a made-up bundle', path: join(folder, 'bundle.json') },
    { title: 'the sample bundle', path: fileURLToPath(real) }
  ].filter(({ path }) => existsSync(path))
}

const white = 'marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9'
const author = `identity--${uuid(1)}`
const common = { created_by_ref: author, object_marking_refs: [white], revoked: false }

/** 303 objects, 300 of them without `spec_version`. */
function syntheticBundle(): { type: string; id: string; objects: object[] } {
  const indicators = Array.from({ length: 150 }, (_, n) => indicator(n))
  const relationships = indicators.map(({ id }, n) => relationship(id, n))
  const objects = [marking, identity, malware, ...indicators, ...relationships]
  return { type: 'bundle', id: `bundle--${uuid(0)}`, objects }
}

/** The id is the specification's, `created` is not. */
const marking = {
  type: 'marking-definition',
  spec_version: '2.1',
  id: white,
  name: 'TLP:WHITE',
  created: '2019-10-31T16:57:02.018068Z',
  definition_type: 'tlp',
  definition: { tlp: 'white' }
}

/** Times of whole seconds. */
const identity = {
  type: 'identity',
  spec_version: '2.1',
  id: author,
  created: '2008-01-01T00:00:00Z',
  modified: '2020-10-20T10:00:00.000Z',
  name: 'Example author'
}

/** A reference that is no URI. */
const malware = {
  ...common,
  type: 'malware',
  spec_version: '2.1',
  id: `malware--${uuid(2)}`,
  created: '2020-10-21T10:00:00.123456Z',
  modified: '2020-10-21T10:00:00.123456Z',
  name: 'Example family',
  is_family: true,
  malware_types: ['bot'],
  external_references: [{ source_name: 'report', url: 'https://example.com/report Example' }]
}

function indicator(n: number) {
  return {
    ...common,
    ...times(n, 1),
    type: 'indicator',
    id: `indicator--${uuid(1000 + n)}`,
    pattern: `[ipv4-addr:value = '192.0.2.${n}']`,
    pattern_type: 'stix',
    valid_from: '2020-11-05T00:00:00Z',
    x_ic_deprecated: false
  }
}

function relationship(source: string, n: number) {
  return {
    ...common,
    ...times(n, 2),
    type: 'relationship',
    id: `relationship--${uuid(2000 + n)}`,
    relationship_type: 'indicates',
    source_ref: source,
    target_ref: malware.id
  }
}

/** Microseconds; in every tenth object `modified` has lost its last digit and is before `created`. */
function times(n: number, minute: number): { created: string; modified: string } {
  const second = String(n % 60).padStart(2, '0')
  const created = `2020-11-05T14:0${minute}:${second}.${String(100_009 + n * 100)}Z`
  return { created, modified: n % 10 === 0 ? created.replace('9Z', 'Z') : created }
}
