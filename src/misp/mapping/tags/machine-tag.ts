import { toLine } from '../values/text.ts'

/** Characters of the column. */
const maxLength = 255

/**
 * A machine tag, none when its value is blank: `<namespace>:<predicate>="<value>"`, at most 255 characters, without
 * quotes and line ends in the value.
 */
export function machineTag(predicate: string, value: string): string[] {
  const room = maxLength - predicate.length - '=""'.length
  const text = toLine(value).replaceAll('"', "'").slice(0, room).trimEnd()
  return text === '' ? [] : [`${predicate}="${text}"`]
}
