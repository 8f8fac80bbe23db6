import type { Test } from 'tap'
import { tracesOf } from '../traces.ts'
import type { HttpAnswer } from './http.ts'

/** Longest text that is still short. */
const maxLength = 150

/**
 * A refusal as MISP can log it (MISP-1.5): its status, and a short sentence as plain text. Nothing of the
 * key, of Sekoia's text or of the program is in it.
 *
 * @returns the sentence
 */
export function refused(
  t: Test,
  { status, headers, text }: HttpAnswer,
  expected: number,
  { name, key }: { readonly name: string; readonly key: string }
): string {
  t.equal(status, expected, `${name}: status`)
  t.equal(headers['content-type'], 'text/plain; charset=utf-8', `${name}: type`)
  t.match(text, /^[A-Z][a-zA-Z ,:;'0-9-]+[a-zA-Z.]\n$/, `${name}: a sentence`)
  t.ok(text.length <= maxLength, `${name}: short`)
  t.notMatch(text, /at .*:\d|node_modules|Error\b|\.ts\b/, `${name}: no stack`)
  t.equal(headers['cache-control'], 'no-store', `${name}: not kept`)
  for (const header of ['etag', 'location', 'content-encoding'])
    t.equal(headers[header], undefined, `${name}: no ${header}`)
  const isChallenged = headers['www-authenticate'] !== undefined
  t.equal(isChallenged, expected === 401, `${name}: a challenge with 401 alone`)
  const waits = expected === 429 || expected === 503
  t.equal(/^\d+$/.test(headers['retry-after'] ?? ''), waits, `${name}: when to come again`)
  t.strictSame(tracesOf(key, text + JSON.stringify(headers)), [], `${name}: no key`)
  return text
}
