import { hash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { GatewayError } from '../../kernel/errors.ts'
import { inPieces } from '../../kernel/give-way.ts'
import type { DocumentStore } from '../../kernel/ports.ts'
import { decodeFile, type StoredFile, unpack } from '../build/files.ts'
import type { FeedState } from '../build/state.ts'
import { type EventHashes, HashesFile } from '../events/hashes.ts'
import { timestampsOf } from '../events/manifest.ts'

/** A file of a publication, ready to be sent. */
export interface PublishedFile {
  /** Stands for the content. */
  readonly digest: string
  readonly bytes: Buffer
  /** The same by zstd. */
  readonly zstd: Buffer
}

export interface Manifest extends PublishedFile {
  /** Epoch seconds by uuid of the event. */
  readonly timestamps: ReadonlyMap<string, number>
}

export interface PublicationsOptions {
  readonly store: DocumentStore
  /** Bytes of files held in memory. */
  readonly cacheMaxBytes: number
  /** Most lines of a hashes file; values of the newest events come first. */
  readonly maxHashes: number
  /** Called whenever a hashes file was made that has no room for all values. */
  readonly onHashesCut: (cut: HashesCut) => void
}

export interface HashesCut {
  readonly space: string
  /** Lines. */
  readonly leftOut: number
  /** False when the file that was made before lacked some too. */
  readonly isNew: boolean
}

interface KnownManifest {
  readonly manifest: Manifest | undefined
  /** Of the space. */
  readonly version: number
}

/** Spaces of which the manifest is held. */
const maxManifests = 100
/** Events read at a time. */
const batch = 500

/**
 * Reads publications from the store. What is in memory counts while the version of its space in the store stays the
 * same, whichever process wrote it. If the store fails, what is in memory is served.
 */
export class Publications {
  readonly #options: PublicationsOptions
  readonly #manifests = new LRUCache<string, KnownManifest>({ max: maxManifests })
  readonly #events: LRUCache<string, PublishedFile & { readonly timestamp: number }>
  /** Manifests that are being read in pieces, by space. */
  readonly #reads = new Map<
    string,
    { readonly version: number; readonly manifest: Promise<Manifest | undefined> }
  >()
  /** Looks at the store that have not begun, by space. */
  readonly #checks = new Map<string, Promise<Manifest | undefined>>()
  /** The hashes file that was asked for last: many MISPs fetch theirs in the same minute. */
  #hashes: { readonly name: string; readonly file: Promise<HashesFile> } | undefined
  /** Spaces whose hashes file was cut when it was last made. */
  readonly #cut = new LRUCache<string, true>({ max: maxManifests })

  constructor(options: PublicationsOptions) {
    this.#options = options
    this.#events = new LRUCache({
      maxSize: Math.max(1, options.cacheMaxBytes),
      sizeCalculation: ({ bytes, zstd }) => bytes.length + zstd.length
    })
  }

  /**
   * The manifest; undefined if nothing was published yet. Throws `unavailable` if the store fails and none is in
   * memory.
   */
  async manifest(space: string): Promise<Manifest | undefined> {
    try {
      return await this.#check(space)
    } catch (error) {
      const known = this.#manifests.get(space)
      if (known) return known.manifest
      throw storeTrouble(error)
    }
  }

  /**
   * An event that the manifest lists, also one that another gateway served a moment ago. Throws `not-found` for
   * others, and `unavailable` if the store fails and memory does not know that it is listed.
   */
  async event(space: string, uuid: string): Promise<PublishedFile> {
    const known = this.#manifests.get(space)?.manifest
    const manifest = await this.#check(space).catch(error => {
      if (known?.timestamps.has(uuid)) return known
      throw storeTrouble(error)
    })
    const listed = manifest?.timestamps.get(uuid)
    if (listed === undefined) throw new GatewayError('not-found')
    const held = this.#events.get(`${space} ${uuid}`)
    // The manifest may lag behind an event, and never leads it.
    if (held && held.timestamp >= listed) return held
    const [stored] = await this.#get(space, 'event', [uuid])
    if (!stored) throw new GatewayError('not-found')
    const file = decodeFile(stored)
    const event = { ...(await toPublished(file)), timestamp: file.timestamp }
    this.#events.set(`${space} ${uuid}`, event)
    return event
  }

  /** The md5s of the events that the manifest lists, newest first as far as there is room. */
  async hashes(space: string): Promise<HashesFile> {
    await this.manifest(space)
    const known = this.#manifests.get(space)
    const name = `${space} ${known?.version}`
    if (this.#hashes?.name !== name) {
      const file = this.#readHashes(space, known?.manifest)
      this.#hashes = { name, file }
      file.catch(() => {
        this.#hashes = undefined
      })
    }
    return this.#hashes.file
  }

  async #readHashes(space: string, manifest: Manifest | undefined): Promise<HashesFile> {
    const newest = [...(manifest?.timestamps ?? [])].sort(([, a], [, b]) => b - a)
    const events: EventHashes[] = []
    let room = this.#options.maxHashes
    let leftOut = 0
    for (let at = 0; at < newest.length; at += batch) {
      const uuids = newest.slice(at, at + batch).map(([uuid]) => uuid)
      const found = await this.#get(space, 'hash', uuids)
      for (const [i, md5s] of found.entries()) {
        if (!md5s) continue
        const taken = md5s.subarray(0, room * 16)
        if (taken.length > 0) events.push({ uuid: uuids[i]!, md5s: taken })
        room -= taken.length / 16
        leftOut += (md5s.length - taken.length) / 16
      }
    }
    this.#tellCut(space, leftOut)
    return HashesFile.of(events)
  }

  #tellCut(space: string, leftOut: number): void {
    const isNew = !this.#cut.has(space)
    if (leftOut === 0) this.#cut.delete(space)
    else {
      this.#cut.set(space, true)
      this.#options.onHashesCut({ space, leftOut, isNew })
    }
  }

  /** Lines that `hashes.csv` of a feed has no room for; undefined while they are not counted. */
  hashesLeftOut({ totals: { hashes } }: Pick<FeedState, 'totals'>): number | undefined {
    return hashes === undefined ? undefined : Math.max(0, hashes - this.#options.maxHashes)
  }

  /** How far the building of a feed has come; undefined if it never began. */
  async state(space: string): Promise<FeedState | undefined> {
    const [stored] = await this.#get(space, 'state', ['state'])
    return stored && (JSON.parse(stored.toString()) as FeedState)
  }

  /**
   * The current manifest. Requests that arrive together share one look at the store, which begins after all of them.
   */
  #check(space: string): Promise<Manifest | undefined> {
    const waiting = this.#checks.get(space)
    if (waiting) return waiting
    const check = setImmediate().then(() => {
      this.#checks.delete(space)
      return this.#refresh(space)
    })
    this.#checks.set(space, check)
    return check
  }

  async #refresh(space: string): Promise<Manifest | undefined> {
    const version = await this.#options.store.version(space)
    const known = this.#manifests.get(space)
    if (known?.version === version) return known.manifest
    const begun = this.#reads.get(space)
    if (begun?.version === version) return begun.manifest
    const manifest = this.#readManifest(space, version, known?.manifest).finally(() => {
      if (this.#reads.get(space)?.manifest === manifest) this.#reads.delete(space)
    })
    this.#reads.set(space, { version, manifest })
    return manifest
  }

  async #readManifest(
    space: string,
    version: number,
    known: Manifest | undefined
  ): Promise<Manifest | undefined> {
    const { store } = this.#options
    const [stored] = await store.get(space, 'file', ['manifest'])
    const manifest = stored && (await toManifest(decodeFile(stored), known))
    this.#manifests.set(space, { manifest, version })
    return manifest
  }

  async #get(space: string, table: string, keys: readonly string[]) {
    try {
      return await this.#options.store.get(space, table, keys)
    } catch (error) {
      throw storeTrouble(error)
    }
  }
}

const storeTrouble = (cause: unknown): GatewayError =>
  new GatewayError('unavailable', { detail: 'The gateway cannot reach its store for now', cause })

async function toPublished(file: StoredFile): Promise<PublishedFile> {
  const bytes = await unpack(file)
  return { bytes, zstd: file.zstd, digest: hash('sha256', bytes) }
}

async function toManifest(file: StoredFile, known: Manifest | undefined): Promise<Manifest> {
  if (known?.zstd.equals(file.zstd)) return known
  const published = await toPublished(file)
  return { ...published, timestamps: await inPieces(timestampsOf(published.bytes)) }
}
