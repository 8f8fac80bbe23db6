import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  renameSync
} from 'node:fs'
import { join, resolve } from 'node:path'
import { backup as copyDatabase, DatabaseSync } from 'node:sqlite'
import type { Config } from '../config/load.ts'
import { makeDirectory } from '../kernel/make-directory.ts'
import { type Command, CommandError, type Io } from './io.ts'
import { configOf } from './settings.ts'

/** Databases of the data directory; the secret without which nobody finds what is in them. */
const databases = ['feed-log.sqlite', 'documents.sqlite', 'answers.sqlite']
const secret = 'secret'
/** The mode of a file that nobody else may read. */
const ownerOnly = 0o600
/** Files that SQLite keeps beside a database. */
const besides = ['', '-wal', '-shm']

const found = (directory: string): string[] =>
  databases.filter(name => existsSync(join(directory, name)))

export const backup: Command = {
  summary: 'copies the data directory into another, while the gateway runs',
  arguments: ['DIRECTORY'],
  options: {},
  help: `  DIRECTORY   made when it is not there; it may hold no databases yet
Each copy is one moment of its database, and is checked. The secret is copied too: keep the copy as safe as it.
Exit code: 0, or 2 when it cannot be done.`,
  async run({ positionals: [directory = ''] }, io) {
    const { dataDir } = sqliteOf(configOf(io))
    const names = found(dataDir)
    if (names.length === 0) throw new CommandError(`${resolve(dataDir)} holds no database`)
    refuseFull(directory)
    makeDirectory(directory)
    for (const name of names) {
      const database = new DatabaseSync(join(dataDir, name), { readOnly: true })
      // The copy keeps the mode of the file that it finds.
      closeSync(openSync(join(directory, name), 'wx', ownerOnly))
      try {
        await copyDatabase(database, join(directory, name))
      } finally {
        database.close()
      }
      refuseDamaged(directory, name)
      io.out(`${name} is copied to ${resolve(directory)}`)
    }
    copySecret(dataDir, directory, io)
    return 0
  }
}

export const restore: Command = {
  summary: 'puts a backup into the data directory, while the gateway is stopped',
  arguments: ['DIRECTORY'],
  options: { force: { type: 'boolean' } },
  help: `  DIRECTORY   as backup made it
  --force     also over databases: they are set aside under the same names with .before-restore behind
What was read from Sekoia since is read again, dated as new: clients get some objects again, and miss none.
Exit code: 0, or 2 when it cannot be done.`,
  async run({ values, positionals: [directory = ''] }, io) {
    const config = configOf(io)
    const { dataDir } = sqliteOf(config)
    const names = found(directory)
    if (names.length === 0) throw new CommandError(`${resolve(directory)} holds no backup`)
    for (const name of names) refuseDamaged(directory, name)
    await refuseRunning(config)
    makeDirectory(dataDir)
    if (values['force']) setAside(dataDir)
    else refuseFull(dataDir)
    for (const name of names) {
      const aside = join(dataDir, `${name}.restoring`)
      copyForOwner(join(directory, name), aside)
      renameSync(aside, join(dataDir, name))
      io.out(`${name} is in ${resolve(dataDir)}`)
    }
    copySecret(directory, dataDir, io)
    return 0
  }
}

function sqliteOf({ redis, store }: Config): Config['store'] {
  if (redis.url) throw new CommandError('the store is Redis: use the backup of Redis')
  return store
}

function refuseFull(directory: string): void {
  const [name] = existsSync(directory) ? found(directory) : []
  if (name) throw new CommandError(`${resolve(directory)} already holds ${name}`)
}

function refuseDamaged(directory: string, name: string): void {
  const path = join(directory, name)
  const database = new DatabaseSync(path)
  try {
    const verdict = database.prepare('PRAGMA quick_check').get()?.['quick_check']
    if (verdict !== 'ok') throw new CommandError(`${resolve(path)} is damaged: ${verdict}`)
  } catch (error) {
    if (error instanceof CommandError) throw error
    throw new CommandError(`${resolve(path)} is no sound database: ${(error as Error).message}`)
  } finally {
    database.close()
  }
}

/** A running gateway holds the files open, and would go on with what it knows of them. */
async function refuseRunning({ server, ops }: Config): Promise<void> {
  const { host, port } = ops.port === 0 ? server : { host: ops.host || server.host, port: ops.port }
  const name = ['0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host
  const scheme = server.tls.certFile ? 'https' : 'http'
  const answers = await fetch(`${scheme}://${name}:${port}/livez`).then(
    reply => reply.ok,
    error => scheme === 'https' && !/ECONNREFUSED/.test(String(error.cause?.code))
  )
  if (answers) throw new CommandError(`a gateway answers at ${name}:${port}: stop it first`)
}

function setAside(directory: string): void {
  const ending = `.before-restore-${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}`
  const names = [...databases.flatMap(name => besides.map(beside => name + beside)), secret]
  const there = new Set(readdirSync(directory))
  for (const name of names.filter(name => there.has(name)))
    renameSync(join(directory, name), join(directory, name + ending))
}

/** Nobody else may read it, whoever may read the original. */
function copyForOwner(from: string, to: string): void {
  copyFileSync(from, to)
  chmodSync(to, ownerOnly)
}

function copySecret(from: string, to: string, io: Io): void {
  if (!existsSync(join(from, secret))) return
  copyForOwner(join(from, secret), join(to, secret))
  io.out(`${secret} is in ${resolve(to)}`)
}
