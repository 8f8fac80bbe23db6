import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** A file of the data directory, and what the stores that live in such files have in common. */

export interface SqliteFile {
  /** Made (mode 0700) when it is not there. */
  readonly dataDir: string
  readonly name: string
  /** SQL that fills an empty file. */
  readonly schema: string
  readonly schemaVersion: number
  /** SQL of what came later and older files lack: it runs each time, and is nothing to an older gateway. */
  readonly additions?: string
}

/** Opens or creates the file. Throws when the directory or the file cannot be used, leaving both as they are. */
export function openSqliteFile({
  dataDir,
  name,
  schema,
  schemaVersion,
  additions = ''
}: SqliteFile): DatabaseSync {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
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
