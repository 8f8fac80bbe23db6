import type { DatabaseSync } from 'node:sqlite'
import type { Clock, JournalCommit, LogStore } from '../kernel/ports.ts'
import { bytes, openSqliteFile } from './sqlite-file.ts'
import { sqliteWork } from './sqlite-work.ts'

/**
 * The embedded store: one SQLite file in the data directory, which survives restarts and may be shared by
 * processes of one machine; leases are in the file too. Calls are synchronous inside and short; a commit is one
 * transaction.
 */

export interface SqliteStoreOptions {
  /** Made (mode 0700) when it is not there. */
  readonly dataDir: string
  /**
   * Most bytes of bodies. Of the scope that holds most of them the least recently written go first, so that no key
   * can take the room of another. The journal is never evicted.
   */
  readonly bodyMaxBytes: number
  readonly clock: Pick<Clock, 'now'>
  /** Called with a text when the store begins to fail, and with undefined when it works again. */
  readonly onTrouble?: (trouble: string | undefined) => void
  /** Told under which name a damaged file was set aside. */
  readonly onSetAside?: (path: string) => void
}

/** `body_total` is kept by triggers, so that it rolls back with a failed commit and counts every process. */
const schema = `
  CREATE TABLE journals (log TEXT PRIMARY KEY, version INTEGER NOT NULL, state BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE heads (
    log TEXT, no INTEGER, version INTEGER NOT NULL, head BLOB NOT NULL, PRIMARY KEY (log, no)
  ) WITHOUT ROWID;
  CREATE TABLE bodies (
    log TEXT, no INTEGER, bytes INTEGER NOT NULL, used_at INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (log, no)
  );
  CREATE INDEX bodies_by_age ON bodies (used_at);
  CREATE TABLE body_total (bytes INTEGER NOT NULL);
  INSERT INTO body_total VALUES (0);
  CREATE TRIGGER body_added AFTER INSERT ON bodies BEGIN
    UPDATE body_total SET bytes = bytes + new.bytes;
  END;
  CREATE TRIGGER body_changed AFTER UPDATE OF bytes ON bodies BEGIN
    UPDATE body_total SET bytes = bytes - old.bytes + new.bytes;
  END;
  CREATE TRIGGER body_removed AFTER DELETE ON bodies BEGIN
    UPDATE body_total SET bytes = bytes - old.bytes;
  END;
`

/** Names of logs of one scope begin with so many characters that others do not have (`v1:` and the scope). */
const scopeLength = 35

/**
 * What files of earlier versions lack. `scope_bytes` is kept by triggers, as `body_total` is, also where an earlier
 * version of the gateway writes.
 */
const additions = `
  CREATE TABLE IF NOT EXISTS leases (
    log TEXT PRIMARY KEY, owner TEXT NOT NULL, taken_at INTEGER NOT NULL, ends_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS reads (log TEXT PRIMARY KEY, read_at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS reads_by_age ON reads (read_at);
  CREATE INDEX IF NOT EXISTS bodies_by_scope ON bodies (substr(log, 1, ${scopeLength}), used_at);
  CREATE TABLE IF NOT EXISTS scope_bytes (scope TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID;
  INSERT INTO scope_bytes SELECT substr(log, 1, ${scopeLength}), sum(bytes) FROM bodies
    WHERE NOT EXISTS (SELECT 1 FROM scope_bytes) GROUP BY 1;
  CREATE TRIGGER IF NOT EXISTS scope_body_added AFTER INSERT ON bodies BEGIN
    INSERT INTO scope_bytes VALUES (substr(new.log, 1, ${scopeLength}), new.bytes)
      ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
  END;
  CREATE TRIGGER IF NOT EXISTS scope_body_changed AFTER UPDATE OF bytes ON bodies BEGIN
    UPDATE scope_bytes SET bytes = bytes - old.bytes + new.bytes
      WHERE scope = substr(new.log, 1, ${scopeLength});
  END;
  CREATE TRIGGER IF NOT EXISTS scope_body_removed AFTER DELETE ON bodies BEGIN
    UPDATE scope_bytes SET bytes = bytes - old.bytes WHERE scope = substr(old.log, 1, ${scopeLength});
    DELETE FROM scope_bytes WHERE scope = substr(old.log, 1, ${scopeLength}) AND bytes <= 0;
  END;
`

/** Opens or creates `feed-log.sqlite`. Throws as `openSqliteFile` does. */
export function openSqliteStore(options: SqliteStoreOptions): LogStore {
  const { dataDir } = options
  const database = openSqliteFile({
    dataDir,
    name: 'feed-log.sqlite',
    schema,
    schemaVersion: 1,
    additions,
    onSetAside: options.onSetAside
  })
  const work = sqliteWork(database, {
    leased: 'log',
    isRenewable: false,
    clock: options.clock,
    onTrouble: options.onTrouble
  })
  const { read, write } = work
  const sql = prepare(database)

  const putBody = (log: string, no: number, body: Buffer) => {
    sql.putBody.run(log, no, body.length, options.clock.now(), body)
  }

  const evict = () => {
    const isOver = () => Number(sql.bodyTotal.get()?.['bytes']) > options.bodyMaxBytes
    while (isOver() && sql.dropOldestBody.run().changes > 0);
  }

  const load = (log: string, since = 0) => {
    const journal = sql.journal.get(log)
    if (!journal) return undefined
    const heads = sql.heads
      .all(log, since)
      .map(row => ({ no: Number(row['no']), head: bytes(row['head']) }))
    return { version: Number(journal['version']), state: bytes(journal['state']), heads }
  }

  const body = (log: string, no: number) => {
    const row = sql.body.get(log, no)
    return row && bytes(row['body'])
  }

  const commit = (log: string, change: JournalCommit) => {
    const version = Number(sql.journal.get(log)?.['version'] ?? 0)
    if (version !== change.expectedVersion) return false
    sql.putJournal.run(log, version + 1, change.state)
    for (const { no, head } of change.heads) sql.putHead.run(log, no, version + 1, head)
    for (const { no, body } of change.bodies) putBody(log, no, body)
    evict()
    return true
  }

  return {
    isShared: true,
    load: (log, since) => read(() => load(log, since)),
    version: log => read(() => Number(sql.journal.get(log)?.['version'] ?? 0)),
    lease: work.lease,
    release: work.release,
    commit: (log, change) => write(() => commit(log, change)),
    readBody: (log, no) => read(() => body(log, no)),
    writeBody: (log, no, body) =>
      write(() => {
        putBody(log, no, body)
        evict()
      }),
    lengthenBody: (log, no, from, body) =>
      write(() => {
        const most = options.bodyMaxBytes / 2 - (body.length - from)
        return sql.lengthenBody.run(body.length, body, log, no, from, most).changes > 0
      }),
    drop: log =>
      write(() => {
        sql.dropJournal.run(log)
        sql.dropHeads.run(log)
        sql.dropBodies.run(log)
        sql.dropRead.run(log)
      }),
    async *names() {
      yield await read(() => sql.names.all().map(({ log }) => String(log)))
    },
    noteRead: (log, at) =>
      write(() => {
        sql.putRead.run(log, at)
      }),
    unread: (before, limit) =>
      read(() => sql.unread.all(before, limit).map(({ log }) => String(log))),
    trouble: work.trouble,
    close: work.close
  }
}

const prepare = (database: DatabaseSync) => ({
  names: database.prepare('SELECT log FROM journals'),
  journal: database.prepare('SELECT version, state FROM journals WHERE log = ?'),
  heads: database.prepare('SELECT no, head FROM heads WHERE log = ? AND version > ? ORDER BY no'),
  body: database.prepare('SELECT body FROM bodies WHERE log = ? AND no = ?'),
  bodyTotal: database.prepare('SELECT bytes FROM body_total'),
  putJournal: database.prepare(
    `INSERT INTO journals VALUES (?, ?, ?)
     ON CONFLICT DO UPDATE SET version = excluded.version, state = excluded.state`
  ),
  putHead: database.prepare(
    `INSERT INTO heads VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET version = excluded.version, head = excluded.head`
  ),
  putBody: database.prepare(
    `INSERT INTO bodies (log, no, bytes, used_at, body) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET bytes = excluded.bytes, used_at = excluded.used_at, body = excluded.body`
  ),
  lengthenBody: database.prepare(
    `UPDATE bodies SET bytes = ?, body = ?
     WHERE log = ? AND no = ? AND bytes = ? AND (SELECT bytes FROM body_total) <= ?`
  ),
  dropJournal: database.prepare('DELETE FROM journals WHERE log = ?'),
  dropHeads: database.prepare('DELETE FROM heads WHERE log = ?'),
  dropBodies: database.prepare('DELETE FROM bodies WHERE log = ?'),
  dropRead: database.prepare('DELETE FROM reads WHERE log = ?'),
  putRead: database.prepare(
    'INSERT INTO reads VALUES (?, ?) ON CONFLICT DO UPDATE SET read_at = excluded.read_at'
  ),
  unread: database.prepare('SELECT log FROM reads WHERE read_at < ? ORDER BY read_at LIMIT ?'),
  dropOldestBody: database.prepare(
    `DELETE FROM bodies WHERE rowid = (
       SELECT rowid FROM bodies WHERE substr(log, 1, ${scopeLength}) =
         (SELECT scope FROM scope_bytes ORDER BY bytes DESC LIMIT 1)
       ORDER BY used_at, rowid LIMIT 1
     )`
  )
})
