import type { DatabaseSync } from 'node:sqlite'
import type { Clock, LogStore } from '../kernel/ports.ts'
import { transaction } from './sqlite-file.ts'
import { watchTrouble } from './trouble.ts'

/** How the stores of the data directory work on their files: each piece of work is one transaction. */
export interface SqliteWork extends Pick<LogStore, 'lease' | 'release' | 'trouble' | 'close'> {
  read<T>(work: () => T): Promise<T>
  write<T>(work: () => T): Promise<T>
}

export interface SqliteWorkOptions {
  /** The column of the table `leases` that names what is leased. */
  readonly leased: 'log' | 'space'
  /** True when an owner may take its lease again before it ends. */
  readonly isRenewable: boolean
  /** The clock by which leases end: it must agree in every process that shares the file. */
  readonly clock: Pick<Clock, 'now'>
  /** Called with a text when the store begins to fail, and with undefined when it works again. */
  readonly onTrouble: ((trouble: string | undefined) => void) | undefined
}

export function sqliteWork(database: DatabaseSync, options: SqliteWorkOptions): SqliteWork {
  const { leased, isRenewable, clock } = options
  const watch = watchTrouble(options.onTrouble)
  // A lease that was taken in the future is from before the machine's clock was set back.
  const takeLease = database.prepare(
    `INSERT INTO leases VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE
     SET owner = excluded.owner, taken_at = excluded.taken_at, ends_at = excluded.ends_at
     WHERE ${isRenewable ? 'owner = excluded.owner OR' : ''}
       ends_at <= excluded.taken_at OR taken_at > excluded.taken_at`
  )
  const dropLease = database.prepare(`DELETE FROM leases WHERE ${leased} = ? AND owner = ?`)

  const write = <T>(kind: 'writing' | 'leasing', work: () => T) =>
    watch.attempt(kind, () => transaction(database, 'IMMEDIATE', work))

  return {
    read: work => watch.attempt('reading', () => transaction(database, 'DEFERRED', work)),
    write: work => write('writing', work),
    // A lease fits where nothing else does: that it could be written ends no trouble of writing.
    lease: (name, owner, ms) =>
      write('leasing', () => {
        const now = clock.now()
        return takeLease.run(name, owner, now, now + ms).changes > 0
      }),
    release: (name, owner) =>
      write('leasing', () => {
        dropLease.run(name, owner)
      }),
    trouble: watch.text,
    async close() {
      if (database.isOpen) database.close()
    }
  }
}
