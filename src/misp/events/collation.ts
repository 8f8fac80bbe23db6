import type { MispValue } from '../mapping/model.ts'
import { imported } from '../mapping/values/import-regexps.ts'

type Identified = Pick<MispValue, 'type' | 'category' | 'value'>

/**
 * MISP takes two values that differ only in case and accents for the same one (its columns are `utf8mb3_unicode_ci`),
 * and so it does with two that its import expressions make equal (M7). It refuses the second, so an event may hold
 * only one spelling (INV-10).
 */
export class Spellings {
  readonly #known = new Map<string, string>()

  /** False, and nothing is added, if the value is there in another spelling. */
  add(value: Identified): boolean {
    const same = sameness(value)
    const known = this.#known.get(same) ?? value.value
    this.#known.set(same, known)
    return known === value.value
  }
}

const sameness = ({ type, category, value }: Identified): string =>
  `${type}|${category}|${collate(imported(type, value) ?? value)}`

const ascii = /^[\0-\x7f]*$/

const collate = (text: string): string =>
  ascii.test(text)
    ? text.toLowerCase()
    : text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replaceAll('ß', 'ss')
