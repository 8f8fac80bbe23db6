import { workerData } from 'node:worker_threads'
import type { StixObject } from '../../stix/object.ts'
import { transferring } from '../../threads/pool.ts'
import { createMapping, type Mapping, type MappingOptions } from '../mapping/mapping.ts'
import { loadGalaxies } from '../mapping/tags/galaxies.ts'
import { makeBucket, type OpenBucket, openBucket } from './make-bucket.ts'
import {
  type MakingResult,
  type MakingTask,
  movableMade,
  receivedBuckets
} from './maker-messages.ts'
import type { MadeBucket } from './stored-bucket.ts'

/** The thread that makes events. Tasks come one after the other. */

/** What the thread maps with. */
export interface MakerThreadData {
  readonly mapping: Omit<MappingOptions, 'galaxies'>
  /** '': none. */
  readonly galaxiesDir: string
}

let loading: Promise<Mapping> | undefined
let known = { pass: '', names: new Map<string, StixObject | undefined>() }

async function loadMapping({ mapping, galaxiesDir }: MakerThreadData): Promise<Mapping> {
  const galaxies = galaxiesDir ? await loadGalaxies(galaxiesDir) : undefined
  return createMapping({ ...mapping, galaxies })
}

export default async function (task: MakingTask): Promise<MakingResult> {
  loading ??= loadMapping(workerData as MakerThreadData)
  const mapping = await loading
  if (task.fingerprint !== mapping.fingerprint) throw new Error('the thread maps by other rules')
  if (known.pass !== task.pass) known = { pass: task.pass, names: new Map() }
  for (const [id, object] of task.names) known.names.set(id, object)
  const open: OpenBucket[] = []
  for (const stored of receivedBuckets(task.buckets)) open.push(await openBucket(stored, mapping))
  const missing = new Set(open.flatMap(({ refs }) => [...refs].filter(id => !known.names.has(id))))
  if (missing.size > 0) return { missing: [...missing] }
  return makeAll(open, mapping, task)
}

async function makeAll(
  open: readonly OpenBucket[],
  mapping: Mapping,
  task: MakingTask
): Promise<MakingResult> {
  const { names } = known
  const made: MadeBucket[] = []
  let { lastIssued } = task
  for (const one of open) {
    const find = (id: string) => (one.refs.has(id) ? names.get(id) : undefined)
    const bucket = await makeBucket(one, find, mapping, task.making, lastIssued)
    lastIssued = bucket.lastIssued
    made.push(bucket)
  }
  const { value, buffer } = movableMade(made)
  return transferring({ made: value }, [buffer])
}
