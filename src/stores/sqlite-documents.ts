import type { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import type { Clock, Document, DocumentCommit, DocumentStore } from '../kernel/ports.ts'
import { decodeKey, encodeKey } from './document-key.ts'
import { bytes, openSqliteFile } from './sqlite-file.ts'
import { sqliteWork } from './sqlite-work.ts'

/**
 * Documents in an SQLite file of their own, which processes of one machine may share, with the leases, which are in
 * the file. Calls are synchronous inside; a commit is one transaction.
 */

export interface SqliteDocumentsOptions {
  /** Made (mode 0700) when it is not there. */
  readonly dataDir: string
  /** The clock by which leases end: it must agree in every process that shares the file. */
  readonly clock: Pick<Clock, 'now'>
  /** Called with a text when the store begins to fail, and with undefined when it works again. */
  readonly onTrouble?: (trouble: string | undefined) => void
  /** Told under which name a damaged file was set aside. */
  readonly onSetAside?: (path: string) => void
}

/**
 * Keys are bytes, because some different keys are equal as text. Documents have rowids: without them, values of a
 * kilobyte took nearly three times the space and time.
 */
const schema = `
  CREATE TABLE spaces (space TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE documents (
    space TEXT, "table" TEXT, key BLOB, value BLOB NOT NULL, PRIMARY KEY (space, "table", key)
  );
  CREATE TABLE leases (
    space TEXT PRIMARY KEY, owner TEXT NOT NULL, taken_at INTEGER NOT NULL, ends_at INTEGER NOT NULL
  ) WITHOUT ROWID;
`

/** A batch of a scan ends with the first of these that is reached. */
const batch = { documents: 1000, bytes: 1024 * 1024 }

/** Opens or creates `documents.sqlite`. Throws as `openSqliteFile` does. */
export function openSqliteDocuments(options: SqliteDocumentsOptions): DocumentStore {
  const { dataDir } = options
  const database = openSqliteFile({
    dataDir,
    name: 'documents.sqlite',
    schema,
    schemaVersion: 1,
    onSetAside: options.onSetAside
  })
  const work = sqliteWork(database, {
    leased: 'space',
    isRenewable: true,
    clock: options.clock,
    onTrouble: options.onTrouble
  })
  const { read, write } = work
  const sql = prepare(database)

  const version = (space: string) => Number(sql.version.get(space)?.['version'] ?? 0)

  const value = (space: string, table: string, key: string) => {
    const row = sql.value.get(space, table, encodeKey(key))
    return row && bytes(row['value'])
  }

  const commit = (space: string, change: DocumentCommit) => {
    if (version(space) !== change.expectedVersion) return false
    for (const { table, key } of inOrder(change.deletes)) sql.delete.run(space, table, key)
    for (const { table, key, value } of inOrder(change.puts)) sql.put.run(space, table, key, value)
    sql.putVersion.run(space, change.expectedVersion + 1)
    return true
  }

  const batchFrom = (space: string, table: string, from: Buffer) => {
    const sizes = sql.sizes
      .all(space, table, from, batch.documents)
      .map(row => Number(row['bytes']))
    return sql.documents
      .all(space, table, from, countWithin(sizes, batch.bytes))
      .map((row): Document => ({ key: decodeKey(bytes(row['key'])), value: bytes(row['value']) }))
  }

  /** Each batch is a separate read: no transaction is open while the caller works, so that others can write. */
  async function* scan(space: string, table: string) {
    let from = Buffer.alloc(0)
    for (;;) {
      const documents = await read(() => batchFrom(space, table, from))
      const last = documents.at(-1)
      if (!last) return
      yield documents
      from = after(encodeKey(last.key))
      await setImmediate()
    }
  }

  return {
    version: space => read(() => version(space)),
    get: (space, table, keys) => read(() => keys.map(key => value(space, table, key))),
    scan,
    commit: (space, change) => write(() => commit(space, change)),
    lease: work.lease,
    release: work.release,
    drop: space =>
      write(() => {
        sql.dropVersion.run(space)
        sql.dropDocuments.run(space)
      }),
    async *names() {
      yield await read(() => sql.names.all().map(({ space }) => String(space)))
    },
    trouble: work.trouble,
    close: work.close
  }
}

/** Sorts changes by the index, so that each of its pages is written once. Changes of one key keep their order. */
const inOrder = <T extends { readonly table: string; readonly key: string }>(
  changes: readonly T[]
) =>
  changes
    .map(change => ({ ...change, key: encodeKey(change.key) }))
    .sort((a, b) => compareNames(a.table, b.table) || Buffer.compare(a.key, b.key))

const compareNames = (a: string, b: string) => (a === b ? 0 : a < b ? -1 : 1)

/** How many of the first documents together reach `bytes`. */
function countWithin(sizes: readonly number[], bytes: number): number {
  let count = 0
  for (let sum = 0; count < sizes.length && sum < bytes; count++) sum += sizes[count]!
  return count
}

/** The first key that can follow. */
const after = (key: Buffer) => Buffer.concat([key, Buffer.of(0)])

const prepare = (database: DatabaseSync) => ({
  names: database.prepare('SELECT space FROM spaces'),
  version: database.prepare('SELECT version FROM spaces WHERE space = ?'),
  value: database.prepare(
    'SELECT value FROM documents WHERE space = ? AND "table" = ? AND key = ?'
  ),
  sizes: database.prepare(
    `SELECT length(value) AS bytes FROM documents WHERE space = ? AND "table" = ? AND key >= ?
     ORDER BY key LIMIT ?`
  ),
  documents: database.prepare(
    `SELECT key, value FROM documents WHERE space = ? AND "table" = ? AND key >= ?
     ORDER BY key LIMIT ?`
  ),
  put: database.prepare(
    `INSERT INTO documents VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET value = excluded.value`
  ),
  delete: database.prepare('DELETE FROM documents WHERE space = ? AND "table" = ? AND key = ?'),
  putVersion: database.prepare(
    'INSERT INTO spaces VALUES (?, ?) ON CONFLICT DO UPDATE SET version = excluded.version'
  ),
  dropVersion: database.prepare('DELETE FROM spaces WHERE space = ?'),
  dropDocuments: database.prepare('DELETE FROM documents WHERE space = ?')
})
