import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { membersOf, type StoredForm } from './stored-forms.ts'
import type { StoredValue } from './stored-scene.ts'

/** Samples of what was stored, one file for each form: from the last release on every form has one. */
export interface Sample {
  /** The members of all values of the form. */
  readonly members: readonly string[]
  /** Stored values in base64, each with what was read out of it then. */
  readonly values: readonly { readonly stored: string; readonly reads: unknown }[]
}

const folder = join(import.meta.dirname, '../fixtures/stored-forms')

/** Oldest first. */
export function samplesOf({ name }: StoredForm): Sample[] {
  const files = existsSync(folder) ? readdirSync(folder) : []
  const numbers = files.flatMap(file => {
    const [, form, no] = /^(.*)-(\d+)\.json$/.exec(file) ?? []
    return form === name ? [Number(no)] : []
  })
  return numbers
    .sort((a, b) => a - b)
    .map(no => JSON.parse(readFileSync(join(folder, `${name}-${no}.json`), 'utf8')) as Sample)
}

/** As JSON has it. */
export const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null))

/** The members of these values: what tells a form from the one before. */
export const membersIn = (form: StoredForm, values: readonly StoredValue[]): string[] =>
  [...new Set(values.flatMap(({ value }) => membersOf(form.shape(value))))].sort()

/** The smallest value for each member that another one lacks. */
function fewestOf(form: StoredForm, values: readonly StoredValue[]): StoredValue[] {
  const seen = new Set<string>()
  const bySize = values.toSorted((a, b) => a.value.length - b.value.length)
  return bySize.filter(({ value }, i) => {
    const news = membersOf(form.shape(value)).filter(member => !seen.has(member))
    for (const member of news) seen.add(member)
    return i === 0 || news.length > 0
  })
}

/** Writes a sample of the form as it is now. */
export async function addSample(form: StoredForm, values: readonly StoredValue[]): Promise<void> {
  const chosen = await Promise.all(
    fewestOf(form, values).map(async ({ value }) => ({
      stored: value.toString('base64'),
      reads: plain(await form.read(value))
    }))
  )
  const sample: Sample = { members: membersIn(form, values), values: chosen }
  mkdirSync(folder, { recursive: true })
  const no = samplesOf(form).length + 1
  writeFileSync(join(folder, `${form.name}-${no}.json`), `${JSON.stringify(sample, null, 1)}\n`)
}
