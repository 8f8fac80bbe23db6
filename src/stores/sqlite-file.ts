import { closeSync, openSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { makeDirectory } from '../kernel/make-directory.ts'

/** A file of the data directory, and what the stores that live in such files have in common. */

export interface SqliteFile {
  /** Made (mode 0700) when it is not there. */
  readonly dataDir: string
  readonly name: string
  /** SQL that fills an empty file. */
  readonly schema: string
  readonly schemaVersion: number
  /** Told under which name a file that is no database, or a damaged one, was set aside. */
  readonly onSetAside?: ((path: string) => void) | undefined
  /** SQL of what came later and older files lack: it runs each time, and is nothing to an older gateway. */
  readonly additions?: string
}

/**
 * Opens or creates the file. One that SQLite finds damaged is set aside, and a new one begins, as after a lost store.
 * Throws when the directory or the file cannot be used otherwise, leaving both as they are.
 */
export function openSqliteFile(file: SqliteFile): DatabaseSync {
  makeDirectory(file.dataDir)
  try {
    return open(file)
  } catch (error) {
    if (!isDamage(error)) throw error
    file.onSetAside?.(setAside(file))
    return open(file)
  }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const damages = new Set([11, 26])

const isDamage = (error: unknown): boolean =>
  damages.has(Number((error as { errcode?: unknown }).errcode))

/** Renames the file and those that SQLite keeps beside it; gives the new name of the file itself. */
function setAside({ dataDir, name }: SqliteFile): string {
  const ending = `.damaged-${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}`
  for (const found of readdirSync(dataDir))
    if ([name, `${name}-wal`, `${name}-shm`].includes(found))
      renameSync(join(dataDir, found), join(dataDir, found + ending))
  return join(dataDir, name + ending)
}

function open({ dataDir, name, schema, schemaVersion, additions = '' }: SqliteFile): DatabaseSync {
  const path = join(dataDir, name)
  closeSync(openSync(path, 'a', 0o600))
  const database = new DatabaseSync(path, { timeout: 2000 })
  try {
    const found = version(database)
    if (found > schemaVersion) {
      throw new Error(
        `${name} has schema version ${found}, newer than the ${schemaVersion} this gateway knows`
      )
    }
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
    transaction(database, 'IMMEDIATE', () => {
      if (version(database) === 0) {
        database.exec(`${schema}; PRAGMA user_version = ${schemaVersion}`)
      }
      database.exec(additions)
    })
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

const version = (database: DatabaseSync): number =>
  Number(database.prepare('PRAGMA user_version').get()?.['user_version'])

/** Runs `work` as one transaction, which its failure rolls back. */
export function transaction<T>(
  database: DatabaseSync,
  mode: 'DEFERRED' | 'IMMEDIATE',
  work: () => T
): T {
  database.exec(`BEGIN ${mode}`)
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    // SQLite has already rolled back by itself after some failures, a full disk among them.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** A blob as a Buffer over the same memory. */
export const bytes = (value: unknown): Buffer => {
  const { buffer, byteOffset, byteLength } = value as Uint8Array<ArrayBuffer>
  return Buffer.from(buffer, byteOffset, byteLength)
}
