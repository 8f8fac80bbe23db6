import { closest, distance } from 'fastest-levenshtein'
import { configOptions } from './options.ts'

/** A variable that is no option and looks as if it should be one. */
export interface MisspeltVariable {
  readonly name: string
  /** The option's variable that is most like it. */
  readonly suggestion: string
}

const known = new Set([
  ...configOptions.map(({ envName }) => envName),
  ...configOptions.filter(({ schema }) => schema.secret).map(({ envName }) => `${envName}_FILE`),
  'CONFIG_PROFILE',
  'CONFIG_FILE',
  // Of the command line, see cli/credentials.ts.
  'SEKOIA_API_KEY',
  'SEKOIA_API_KEY_FILE'
])

/** `FEED_LOG_` and so on: what begins so is meant for the gateway. */
const prefixes = [
  ...new Set(
    configOptions
      .map(({ path, envName }) => envName.slice(0, -upperSnake(path.slice(1)).length))
      .filter(prefix => prefix.length > 2)
  )
]

function upperSnake(path: readonly string[]): string {
  return path.map(name => name.replace(/[A-Z]/g, '_$&').toUpperCase()).join('_')
}

/** What Docker and Kubernetes put into the environment for a service that is named like one of our sections. */
const ofServices = /_SERVICE_(HOST|PORT)|_PORT(_\d+_(TCP|UDP))?(_(ADDR|PORT|PROTO))?$|_ENV_|_NAME$/

/** As many wrong letters are a slip, in names long enough for more than chance. */
const maxSlips = 2
const minLength = 6

/**
 * Variables that nobody reads: those that begin like ours, and those a slip or two away from one. They are told, and
 * do not stop the start, since an environment is shared.
 */
export function findMisspelt(
  env: Readonly<Record<string, string | undefined>>
): MisspeltVariable[] {
  const all = [...known]
  return Object.keys(env)
    .filter(name => /^[A-Z][A-Z0-9_]+$/.test(name) && !known.has(name) && !ofServices.test(name))
    .map(name => ({ name, suggestion: closest(name, all) }))
    .filter(({ name, suggestion }) => {
      const isSlip = name.length >= minLength && distance(name, suggestion) <= maxSlips
      return isSlip || prefixes.some(prefix => name.startsWith(prefix))
    })
}
