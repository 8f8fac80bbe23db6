import type { TSchema } from 'typebox'
import { configSchema } from './schema.ts'

/** The schema as a flat list of options, each with its name in the environment. */

/** What the schema says of one option. */
export interface OptionSchema extends TSchema {
  readonly type?: string
  readonly enum?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly description: string
  readonly default: unknown
  readonly examples: readonly [unknown]
  readonly expected?: string
  readonly secret?: true
  /** The path of a file, or ''. */
  readonly file?: true
  /** `true`, `false` or a list, written with commas in the environment. */
  readonly list?: true
  /** A whole number or a word. */
  readonly wordOrNumber?: true
}

export interface SectionSchema extends TSchema {
  readonly description: string
  readonly properties: Readonly<Record<string, SectionSchema | OptionSchema>>
}

export interface Option {
  /** For instance `['taxii', 'maxLimit']`. */
  readonly path: readonly string[]
  /** The same with dots. */
  readonly name: string
  /** For instance `TAXII_MAX_LIMIT`. */
  readonly envName: string
  readonly schema: OptionSchema
}

/** The names everybody expects, in place of `SERVER_HOST` and so on. */
const shortNames: Readonly<Record<string, string>> = {
  'server.host': 'HOST',
  'server.port': 'PORT',
  'server.publicUrl': 'PUBLIC_URL',
  'server.workers': 'WORKERS',
  'server.workerTimeoutMs': 'WORKER_TIMEOUT_MS',
  'store.dataDir': 'DATA_DIR'
}

export const isSection = (schema: SectionSchema | OptionSchema): schema is SectionSchema =>
  'properties' in schema

const upperSnake = (name: string) => name.replace(/[A-Z]/g, '_$&').toUpperCase()

function listOptions(section: SectionSchema, parent: readonly string[] = []): Option[] {
  return Object.entries(section.properties).flatMap(([key, schema]) => {
    const path = [...parent, key]
    if (isSection(schema)) return listOptions(schema, path)
    const name = path.join('.')
    return { path, name, envName: shortNames[name] ?? path.map(upperSnake).join('_'), schema }
  })
}

export const rootSection = configSchema as unknown as SectionSchema

/** Every option, in the order of the schema. */
export const configOptions: readonly Option[] = listOptions(rootSection)

/** The values an option takes, in words that follow «must be». */
export function expectation(schema: OptionSchema): string {
  if (schema.expected) return schema.expected
  if (schema.enum) return `one of ${schema.enum.join(', ')}`
  if (schema.type === 'boolean') return 'true or false'
  if (schema.type === 'integer') {
    return `a whole number from ${schema.minimum} to ${schema.maximum}`
  }
  return 'text'
}
