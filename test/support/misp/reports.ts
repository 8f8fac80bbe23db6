import type { Database, LocalReport } from './database.ts'
import { isFilled, isSet, type Json, toSeconds, toText } from './json.ts'
import { isMispUuid } from './uuid.ts'

/** Stores an EventReport that is not known, or replaces a known one that is older. */
export function captureReport(database: Database, file: Json, event: string): void {
  const uuid = toText(file['uuid']).toLowerCase()
  const known = database.reports.get(uuid)
  const report: LocalReport = {
    uuid,
    event,
    name: isSet(file['name']) ? toText(file['name']) : (known?.name ?? ''),
    content: isSet(file['content']) ? toText(file['content']) : (known?.content ?? ''),
    deleted: isSet(file['deleted']) ? isFilled(file['deleted']) : (known?.deleted ?? false),
    timestamp: toSeconds(file['timestamp']) ?? database.now()
  }
  const refusal = refusalOf(report, known)
  if (refusal) database.drop('report', uuid, refusal)
  else if (report.timestamp > (known?.timestamp ?? -1)) database.saveReport(report)
}

function refusalOf(report: LocalReport, known: LocalReport | undefined): string | undefined {
  if (!isMispUuid(report.uuid)) return 'the uuid is not one of RFC 4122'
  if (known && known.event !== report.event) return `the uuid is taken, in ${known.event}`
  return report.name.trim() === '' ? 'the name is empty' : undefined
}
