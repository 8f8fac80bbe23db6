import { timeProperties } from './properties.ts'

/** The top-level members that are read; all others are skipped. */
const fieldNames = ['id', 'type', 'spec_version', 'created', 'modified', ...timeProperties]

const byLength: { name: string; bytes: Buffer }[][] = []
for (const name of fieldNames) {
  byLength[name.length] ??= []
  byLength[name.length]!.push({ name, bytes: Buffer.from(name) })
}

/** The known name at `bytes[start, end)`, compared as bytes; undefined for every other name. */
export function fieldNameAt(bytes: Buffer, start: number, end: number): string | undefined {
  const candidates = byLength[end - start]
  if (candidates === undefined) return undefined
  for (const { name, bytes: wanted } of candidates) {
    let index = 0
    while (index < wanted.length && bytes[start + index] === wanted[index]) index++
    if (index === wanted.length) return name
  }
  return undefined
}
