import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The galaxies of MISP that tags are made of (MISP-3.2). */
export const galaxyTypes = [
  'threat-actor',
  'malpedia',
  'sector',
  'target-information',
  'mitre-intrusion-set',
  'mitre-malware',
  'mitre-tool',
  'mitre-attack-pattern',
  'mitre-course-of-action',
  'mitre-campaign',
  'mitre-software',
  'mitre-ics-techniques',
  'mitre-ics-groups',
  'mitre-ics-software',
  'mitre-mobile-attack-attack-pattern',
  'mitre-mobile-attack-course-of-action',
  'mitre-mobile-attack-intrusion-set',
  'mitre-mobile-attack-malware',
  'mitre-mobile-attack-tool',
  'mitre-enterprise-attack-attack-pattern',
  'mitre-enterprise-attack-course-of-action',
  'mitre-enterprise-attack-intrusion-set',
  'mitre-enterprise-attack-malware',
  'mitre-enterprise-attack-tool'
] as const

export type GalaxyType = (typeof galaxyTypes)[number]

/** What the operator's copy of misp-galaxy holds. */
export interface Galaxies {
  /** True when the operator's copy has the galaxy. */
  has(type: GalaxyType): boolean
  /** The value of the cluster with that name in any letter case, or of the only one with that synonym. */
  byName(type: GalaxyType, name: string): string | undefined
  /** The value of the cluster with that `external_id`. */
  byId(type: GalaxyType, id: string): string | undefined
  /** A digest of all files. */
  readonly digest: string
  /** Errors of files that could not be used. */
  readonly problems: readonly Error[]
}

interface Cluster {
  readonly value: string
  readonly synonyms: readonly string[]
  readonly id: string | undefined
}

/**
 * Reads the `clusters` folder of misp-galaxy: of its files `<type>.json` those of {@link galaxyTypes}, which may all
 * be missing. A file that cannot be used is a problem told in `problems`, and the others are used without it.
 * @throws Error when the folder cannot be read.
 */
export async function loadGalaxies(folder: string): Promise<Galaxies> {
  const present = new Set(await listFolder(folder))
  const galaxies = new Map<GalaxyType, Galaxy>()
  const problems: Error[] = []
  const digest = createHash('sha256')
  for (const type of galaxyTypes) {
    const file = `${type}.json`
    if (!present.has(file)) continue
    try {
      const text = await readFile(join(folder, file), 'utf8')
      galaxies.set(type, new Galaxy(clustersOf(text)))
      digest.update(`${type}\0${text}\0`)
    } catch (cause) {
      problems.push(new Error(`the galaxy ${file} cannot be used`, { cause }))
    }
  }
  return {
    has: type => galaxies.has(type),
    byName: (type, name) => galaxies.get(type)?.byName(name),
    byId: (type, id) => galaxies.get(type)?.byId(id),
    digest: digest.digest('hex'),
    problems
  }
}

async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (cause) {
    throw new Error('the folder of galaxies cannot be read', { cause })
  }
}

/** @throws TypeError when the text is not `{"values": […]}`, SyntaxError when it is not JSON. */
function clustersOf(text: string): Cluster[] {
  const file: unknown = JSON.parse(text)
  const { values } = Object(file)
  if (!Array.isArray(values)) throw new TypeError('no values')
  return values.flatMap(toCluster)
}

function toCluster(entry: unknown): Cluster | [] {
  const { value, meta } = Object(entry)
  const { synonyms, external_id: id } = Object(meta)
  if (typeof value !== 'string') return []
  return {
    value,
    synonyms: Array.isArray(synonyms) ? synonyms.filter(name => typeof name === 'string') : [],
    id: typeof id === 'string' ? id : undefined
  }
}

const fold = (name: string): string => name.trim().toLowerCase()

/** The clusters of one galaxy by name, by synonym and by id. */
class Galaxy {
  readonly #names = new Map<string, string>()
  /** Undefined for one that several clusters have. */
  readonly #synonyms = new Map<string, string | undefined>()
  readonly #ids = new Map<string, string>()

  constructor(clusters: readonly Cluster[]) {
    for (const { value, synonyms, id } of clusters) {
      this.#names.set(fold(value), value)
      if (id !== undefined) this.#ids.set(id, value)
      for (const synonym of new Set(synonyms.map(fold))) {
        this.#synonyms.set(synonym, this.#synonyms.has(synonym) ? undefined : value)
      }
    }
  }

  byName(name: string): string | undefined {
    const folded = fold(name)
    return this.#names.get(folded) ?? this.#synonyms.get(folded)
  }

  byId(id: string): string | undefined {
    return this.#ids.get(id)
  }
}
