import type { Link } from './state.ts'
import type { Batch, FeedTables } from './tables.ts'

/** Puts a link, or forgets one that says nothing any more. */
export function putLink(id: string, link: Link, changes: Batch): void {
  const { bucket, reports = [], subjects = [], vanished } = link
  if (bucket || vanished || reports.length + subjects.length > 0) changes.putJson('link', id, link)
  else changes.delete('link', id)
}

/** The links of indicators, while a publication removes some of them. */
export class IndicatorIndex {
  readonly #documents: FeedTables
  readonly #held = new Map<string, Link>()

  constructor(documents: FeedTables) {
    this.#documents = documents
  }

  /** Forgets the bucket of these indicators. Reports that name them stay known, in case they return. */
  async leaveBucket(ids: readonly string[], changes: Batch): Promise<void> {
    await this.#change(ids, changes, ({ reports = [], subjects = [] }) =>
      reports.length > 0 ? { reports, subjects } : {}
    )
  }

  /** A report that names these indicators is forgotten. */
  async leaveReport(report: string, ids: readonly string[], changes: Batch): Promise<void> {
    await this.#change(ids, changes, link => {
      const reports = (link.reports ?? []).filter(other => other !== report)
      return link.bucket || reports.length > 0 ? { ...link, reports } : {}
    })
  }

  async #change(ids: readonly string[], changes: Batch, to: (link: Link) => Link): Promise<void> {
    const unheld = ids.filter(id => !this.#held.has(id))
    const found = await this.#documents.getJson<Link>('link', unheld)
    for (const id of ids) {
      const link = to(this.#held.get(id) ?? found.get(id) ?? {})
      this.#held.set(id, link)
      putLink(id, link, changes)
    }
  }
}
