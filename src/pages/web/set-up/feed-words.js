import { several } from './verdict.js'

/**
 * @typedef {import('../../../gateway/schemas.ts').FeedView} FeedView
 * @typedef {{ tone: 'good' | 'warn' | 'bad', words: string, advice: string | undefined }} FeedState
 */

const reorder =
  'Sekoia lists this feed newest first. In Sekoia, set its sort order to oldest first (asc): then it is served from its first object on, and starts sooner.'

/** The state of a feed in words, and what to change in Sekoia. @param {FeedView} feed @returns {FeedState} */
export function stateOf(feed) {
  const { obstacle, isNewestFirst } = feed
  const advice = isNewestFirst ? reorder : undefined
  if (obstacle && obstacle.reason !== 'preparing')
    return { tone: 'bad', words: 'Cannot be read.', advice: obstacle.advice }
  if (obstacle)
    return {
      tone: 'warn',
      words: `Newest first: it is read once as a whole before it is listed. ${walkOf(feed)}`,
      advice
    }
  return { tone: 'good', words: heldOf(feed), advice }
}

/** @param {FeedView} feed */
function heldOf(feed) {
  const whole = feed.logs.find(({ types }) => types.length === 0) ?? feed.logs[0]
  if (!whole) return 'Can be read. Nobody has asked for it yet.'
  if (whole.firstWalk) return walkOf(feed)
  const age = whole.endAgeSeconds
  const end = age === null ? '' : `, its end confirmed ${several(age, 'second')} ago`
  return `${several(whole.objects, 'object')} held${end}.`
}

/** @param {FeedView} feed */
function walkOf({ logs }) {
  const walk = logs.find(({ firstWalk }) => firstWalk)?.firstWalk
  if (!walk) return ''
  const { objects, fraction, secondsLeft } = walk
  const part = fraction === null ? '' : `, ${Math.floor(fraction * 100)} %`
  const left = secondsLeft === null ? '' : `, about ${several(secondsLeft, 'second')} left`
  return `First walk: ${several(objects, 'object')}${part}${left}.`
}
