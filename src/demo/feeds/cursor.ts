/** The server's cursors (SEKOIA-3.3): base64 of the last `modified`, or of a (modified, id) pair. */
import type { Bound } from '../corpus/object-set.ts'
import { Problem } from '../problem.ts'
import type { Switches } from '../switches.ts'

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** The cursor that goes on after an object. */
export function encodeCursor(modified: string, id: string, mode: Switches['cursorMode']): string {
  const text = mode === 'A' ? modified : `["${modified}","${id}"]`
  return Buffer.from(text).toString('base64')
}

/**
 * The place a cursor stands for. Any text is compared as text, as Sekoia evidently does with what clients make
 * themselves; undefined when it is not base64 and that is to be ignored.
 * @throws Problem 400 when it is not base64
 */
export function decodeCursor(cursor: string, switches: Switches): Bound | undefined {
  if (!base64.test(cursor)) {
    if (switches.badCursor === 'ignore') return undefined
    throw new Problem(400, 'Invalid cursor')
  }
  const text = Buffer.from(cursor, 'base64').toString()
  const inclusive = switches.inclusiveCursor
  const pair = /^\["(.*)","(.*)"\]$/.exec(text)
  return pair ? { text: pair[1]!, id: pair[2]!, inclusive } : { text, inclusive }
}
