import type { ErrorKind } from '../kernel/errors.ts'
import type { Condition, KeyAnswers } from './condition.ts'
import type { SeenFeed } from './feeds-view.ts'
import type { ChecksView, CheckView, Outcome } from './schemas.ts'

export interface CheckParts {
  readonly condition: Condition
  /** Undefined for the operator, who has no key. */
  readonly key: KeyAnswers | undefined
  readonly feeds: readonly SeenFeed[]
}

/** A clock may differ from Sekoia's by less than this, ms. */
const clockToleranceMs = 30_000

export function toChecksView({ condition, key, feeds }: CheckParts): ChecksView {
  const checks = [
    partCheck('sekoia', condition.parts['upstream'], 'Sekoia answers.'),
    ...(key ? keyChecks(key) : []),
    feedsCheck(feeds, condition.parts['feeds']),
    partCheck('store', condition.parts['store'], 'The store works.'),
    clockCheck(condition.clockSkewMs)
  ]
  return { outcome: worstOf(checks), checks }
}

const ranks: readonly Outcome[] = ['ok', 'warning', 'failed']

export const worstOf = (checks: readonly Pick<CheckView, 'outcome'>[]): Outcome =>
  ranks[Math.max(0, ...checks.map(({ outcome }) => ranks.indexOf(outcome)))]!

const partCheck = (name: string, trouble: string | undefined, well: string): CheckView =>
  trouble === undefined
    ? { name, outcome: 'ok', detail: well }
    : { name, outcome: 'failed', detail: `${trouble}.` }

/** Whether Sekoia accepts a key, and which of the two permissions it has. */
export function keyChecks({ feeds, intelligence }: KeyAnswers): CheckView[] {
  const isRefused = feeds === 'unauthorized' || intelligence === 'unauthorized'
  const key: CheckView = isRefused
    ? {
        name: 'key',
        outcome: 'failed',
        detail:
          'Sekoia does not accept the key: it is wrong, expired or revoked. Make a new one in Sekoia.'
      }
    : { name: 'key', outcome: 'ok', detail: 'Sekoia accepts the key.' }
  if (isRefused) return [key]
  return [
    key,
    permissionCheck('permission.intelligence', intelligence, {
      ok: 'The key has "View intelligence": it can read feeds.',
      missing:
        'The key lacks "View intelligence": in Sekoia, give it that permission to read feeds.',
      outcome: 'failed'
    }),
    permissionCheck('permission.feeds', feeds, {
      ok: 'The key has "View feeds": all feeds of the community are listed.',
      missing:
        'The key lacks "View feeds": only the default feed is listed, others are reached by their id.',
      outcome: 'warning'
    })
  ]
}

interface Words {
  readonly ok: string
  readonly missing: string
  /** When it is missing. */
  readonly outcome: Outcome
}

function permissionCheck(name: string, answer: ErrorKind | undefined, words: Words): CheckView {
  if (answer === undefined) return { name, outcome: 'ok', detail: words.ok }
  if (answer === 'forbidden' || answer === 'not-found')
    return { name, outcome: words.outcome, detail: words.missing }
  return { name, outcome: 'warning', detail: `Sekoia could not be asked for it (${answer}).` }
}

function feedsCheck(feeds: readonly SeenFeed[], trouble: string | undefined): CheckView {
  const listed = feeds.filter(({ feed }) => feed)
  const leftOut = listed.filter(({ feed }) => feed?.obstacle)
  const name = 'feeds'
  if (trouble !== undefined) return { name, outcome: 'failed', detail: `${trouble}.` }
  if (leftOut.length === 0)
    return { name, outcome: 'ok', detail: `All listed feeds (${listed.length}) can be read.` }
  const reasons = leftOut.map(({ feedId, feed }) => `${feedId}: ${feed?.obstacle?.advice}`)
  return {
    name,
    outcome: 'warning',
    detail: `${leftOut.length} of ${listed.length} feeds cannot be read now. ${reasons.join(' ')}`
  }
}

export function clockCheck(skewMs: number | undefined): CheckView {
  const name = 'clock'
  if (skewMs === undefined)
    return { name, outcome: 'ok', detail: 'Sekoia has not told its time yet.' }
  const seconds = Math.round(skewMs / 1000)
  const said = `The clock of this machine differs from Sekoia's by ${Math.abs(seconds)} s`
  return Math.abs(skewMs) < clockToleranceMs
    ? { name, outcome: 'ok', detail: `${said}.` }
    : { name, outcome: 'warning', detail: `${said}: set it right.` }
}
