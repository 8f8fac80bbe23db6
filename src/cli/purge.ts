import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import type { Config } from '../config/load.ts'
import { systemClock } from '../kernel/ports.ts'
import { Audit } from '../ops/audit.ts'
import { createLogger } from '../ops/logger.ts'
import { redisOf } from '../redis-options.ts'
import {
  listStored,
  removeStored,
  type Selected,
  type Selection,
  type StoredData,
  select
} from '../stored-data.ts'
import { openStore } from '../stores/open.ts'
import type { Stores } from '../stores/stores.ts'
import { type Command, CommandError, type Io, textOf, toTable, type Values } from './io.ts'
import { configOf } from './settings.ts'

const dayMs = 86_400_000

export const purge: Command = {
  summary: 'removes stored data: of a key, of a feed, or of what is no longer used',
  arguments: [],
  options: {
    scope: { type: 'string' },
    feed: { type: 'string' },
    'older-than': { type: 'string' },
    yes: { type: 'boolean' },
    json: { type: 'boolean' }
  },
  help: `  --scope LABEL       of this key alone: at least the first 8 digits of its scope, as in the log
  --feed FEED         of this feed alone, by its id at Sekoia
  --older-than DAYS   what Sekoia was not asked for since
  --yes               removes it; without, it is listed and nothing is removed
  --json              as JSON
At least one of the first three is needed; of several, all must hold. What is removed is read from Sekoia again when
somebody asks for it, as after the loss of a store: clients get some objects again. A line for the audit log goes to
standard error.
Exit code: 0, or 2 when it cannot be done.`,
  async run({ values }, io) {
    const config = configOf(io)
    const stores = await open(config)
    try {
      const stored = await listStored(stores).catch(toCommandError)
      const selection = toSelection(values, stored, Date.now())
      const selected = select(stored, selection)
      const isDone = values['yes'] === true
      if (isDone) {
        await removeStored(stores, selected, stored, selection).catch(toCommandError)
        tellAudit(values, selection, selected, io)
      }
      io.out(values['json'] ? toJson(selected, isDone) : toText(selected, isDone))
      return 0
    } finally {
      await Promise.all([stores.log.close(), stores.documents.close(), stores.answers.close()])
    }
  }
}

/** What stands in for a store that fails holds nothing: then there is nothing to be purged, and that is no success. */
async function open(config: Config): Promise<Stores> {
  const { dataDir, bodyMaxBytes } = config.store
  if (!config.redis.url && !existsSync(join(dataDir, 'feed-log.sqlite')))
    throw new CommandError(`${resolve(dataDir)} holds no database`)
  const stores = await openStore({
    redis: redisOf(config),
    dataDir,
    bodyMaxBytes,
    memoryMaxBytes: 0,
    clock: systemClock,
    logger: { info: () => {}, error: () => {} }
  })
  const trouble = stores.log.trouble() ?? stores.documents.trouble()
  if (trouble !== undefined) throw new CommandError(`the store: ${trouble}`)
  return stores
}

function toCommandError(error: Error): never {
  throw new CommandError(`the store: ${error.message}`)
}

function toSelection(values: Values, stored: StoredData, now: number): Selection {
  const [label, feedId] = [textOf(values['scope']), textOf(values['feed'])]
  const days = textOf(values['older-than'])
  if (label === undefined && !feedId && days === undefined)
    throw new CommandError('say what to remove: --scope, --feed or --older-than')
  if (days !== undefined && !/^\d{1,6}$/.test(days))
    throw new CommandError('--older-than is a number of days')
  return {
    scope: label === undefined ? undefined : scopeOf(label, stored),
    feedId,
    before: days === undefined ? undefined : now - Number(days) * dayMs
  }
}

/** The one scope that begins so: nothing of another key may be removed. */
function scopeOf(label: string, { parts, others }: StoredData): string {
  if (!/^[0-9a-f]{8,32}$/.test(label))
    throw new CommandError('--scope is the first 8 digits of a scope, or more of them')
  const all = new Set([...parts.map(({ scope }) => scope), ...others.keys()])
  const found = [...all].filter(scope => scope.startsWith(label))
  if (found.length > 1)
    throw new CommandError(`several scopes begin with ${label}: give more digits`)
  if (!found[0]) throw new CommandError(`nothing is stored for a scope that begins with ${label}`)
  return found[0]
}

function tellAudit(
  values: Values,
  { scope, feedId }: Selection,
  { parts, scopes }: Selected,
  io: Io
): void {
  const logger = createLogger({
    level: 'info',
    destination: { write: line => io.err(line.trimEnd()) }
  })
  const days = textOf(values['older-than'])
  new Audit({ clock: systemClock, logger }).purged({
    user: userInfo().username,
    scope: scope?.slice(0, 8),
    feed: feedId,
    olderThanDays: days === undefined ? undefined : Number(days),
    logs: parts.filter(({ kind }) => kind === 'log').length,
    mispFeeds: parts.filter(({ kind }) => kind === 'misp').length,
    keys: scopes.length
  })
}

const toRow = ({ kind, scope, feedId, usedAt }: Selected['parts'][number]) => ({
  kind,
  scope: scope.slice(0, 8),
  feed: feedId ?? null,
  lastUsed: usedAt === 0 ? null : new Date(usedAt).toISOString()
})

const toJson = ({ parts, scopes }: Selected, isDone: boolean): string =>
  JSON.stringify(
    { removed: isDone, parts: parts.map(toRow), keys: scopes.map(scope => scope.slice(0, 8)) },
    null,
    2
  )

function toText({ parts, scopes }: Selected, isDone: boolean): string {
  const rows = [
    ...parts
      .map(toRow)
      .map(({ kind, scope, feed, lastUsed }) => [kind, scope, feed ?? '-', lastUsed ?? '-']),
    ...scopes.map(scope => ['key', scope.slice(0, 8), '-', 'rights, list of feeds, look-ups'])
  ]
  if (rows.length === 0) return 'Nothing is stored that meets this.'
  const end = isDone ? 'All of this is removed.' : 'Nothing was removed: say --yes to remove this.'
  return `${toTable([['what', 'key', 'feed', 'last used'], ...rows])}\n${end}`
}
