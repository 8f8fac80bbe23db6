import { runScript } from '../python.ts'

export interface PyMispReading {
  readonly events: number
  /** Those of Objects among them. */
  readonly attributes: number
  readonly objects: number
  /** Everything that PyMISP raised, warned of or logged. */
  readonly warnings: readonly string[]
}

export interface PyMispSource {
  /** A directory of served files, or the base URL of a feed. */
  readonly source: string
  /** Goes out as a bearer token. */
  readonly key?: string
}

/** PyMISP's reading of every event that the manifest lists. Rejects without a manifest. */
export const readWithPyMisp = ({ source, key }: PyMispSource): Promise<PyMispReading> =>
  runScript('misp_load.py', [source, ...(key === undefined ? [] : ['--key', key])])
