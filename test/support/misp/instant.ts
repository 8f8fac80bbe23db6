const iso8601 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(Z|[+-]\d\d:?\d\d)$/

/** Microseconds since the epoch of an ISO 8601 time with a zone; undefined when the text is not one. */
export function toMicros(text: string): number | undefined {
  const [, seconds, fraction = '', zone] = iso8601.exec(text) ?? []
  if (seconds === undefined || zone === undefined) return undefined
  const offset = zone.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2')
  const millis = Date.parse(`${seconds}${offset}`)
  return Number.isNaN(millis) ? undefined : millis * 1000 + Number(fraction.padEnd(6, '0'))
}

/** The one form in which MISP stores a `datetime`; other texts stay. */
export function toStoredDatetime(text: string): string {
  const [, seconds, fraction = '', zone] = iso8601.exec(text) ?? []
  if (seconds === undefined || zone === undefined) return text
  const offset = zone === 'Z' ? '+0000' : zone.replace(':', '')
  return `${seconds}.${fraction.padEnd(6, '0')}${offset}`
}
