import type { DatabaseSync } from 'node:sqlite'
import type { AnswerStore } from '../kernel/answer-store.ts'
import type { Clock } from '../kernel/ports.ts'
import { bytes, openSqliteFile, transaction } from './sqlite-file.ts'
import { watchTrouble } from './trouble.ts'

export interface SqliteAnswersOptions {
  readonly dataDir: string
  /** Bytes of values; the oldest go first. */
  readonly maxBytes: number
  readonly clock: Pick<Clock, 'now'>
  readonly onTrouble?: (trouble: string | undefined) => void
}

const schema = `
CREATE TABLE answers (
  scope TEXT NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL,
  put_at INTEGER NOT NULL, ends_at INTEGER NOT NULL, PRIMARY KEY (scope, name)
) WITHOUT ROWID;
CREATE INDEX answers_by_age ON answers (put_at, scope, name)
`

/** So many bytes are put between two looks at what is over. */
const sweepBytes = 1024 * 1024

/** Answers in one file of the data directory, so that they outlive the process. Throws when it cannot be used. */
export function openSqliteAnswers(options: SqliteAnswersOptions): AnswerStore {
  const { dataDir, maxBytes, clock } = options
  const database = openSqliteFile({ dataDir, name: 'answers.sqlite', schema, schemaVersion: 1 })
  const watch = watchTrouble(options.onTrouble)
  const sql = prepare(database)
  let sinceSweep = 0

  const sweep = (now: number) => {
    sql.dropEnded.run(now)
    let held = Number(sql.size.get()?.['bytes'] ?? 0)
    while (held > maxBytes) {
      const oldest = sql.oldest.all()
      if (oldest.length === 0) return
      for (const { scope, name, bytes } of oldest) {
        if (held <= maxBytes) return
        sql.drop.run(String(scope), String(name))
        held -= Number(bytes)
      }
    }
  }

  return {
    get: (scope, names) =>
      watch.attempt('reading', () => {
        const now = clock.now()
        return names.map(name => {
          const row = sql.get.get(scope, name, now)
          return row && bytes(row['value'])
        })
      }),
    put: (scope, entries, ms) =>
      watch.attempt('writing', () =>
        transaction(database, 'IMMEDIATE', () => {
          const now = clock.now()
          for (const { name, value } of entries) {
            sql.put.run(scope, name, value, now, now + ms)
            sinceSweep += value.length
          }
          if (sinceSweep < sweepBytes && sinceSweep < maxBytes / 8) return
          sinceSweep = 0
          sweep(now)
        })
      ),
    forget: (scope, names) =>
      watch.attempt('writing', () =>
        transaction(database, 'IMMEDIATE', () => {
          for (const name of names) sql.drop.run(scope, name)
        })
      ),
    forgetAll: scope =>
      watch.attempt('writing', () => {
        sql.dropScope.run(scope)
      }),
    async close() {
      if (database.isOpen) database.close()
    }
  }
}

const prepare = (database: DatabaseSync) => ({
  get: database.prepare('SELECT value FROM answers WHERE scope = ? AND name = ? AND ends_at > ?'),
  put: database.prepare(
    `INSERT INTO answers VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
     SET value = excluded.value, put_at = excluded.put_at, ends_at = excluded.ends_at`
  ),
  drop: database.prepare('DELETE FROM answers WHERE scope = ? AND name = ?'),
  dropScope: database.prepare('DELETE FROM answers WHERE scope = ?'),
  dropEnded: database.prepare('DELETE FROM answers WHERE ends_at <= ?'),
  size: database.prepare('SELECT sum(length(value)) AS bytes FROM answers'),
  oldest: database.prepare(
    'SELECT scope, name, length(value) AS bytes FROM answers ORDER BY put_at LIMIT 100'
  )
})
