import t from 'tap'
import { GatewayError } from '../../src/kernel/errors.ts'
import { FeedEnds } from '../../src/ops/feed-ends.ts'

const start = Date.UTC(2026, 0, 15, 12)
const hour = 3_600_000

/** Feed ends on a clock that the test moves. */
function watched(patienceMs = 60_000) {
  let now = start
  const clock = { now: () => now, sleep: async () => {} }
  const lines: { level: string; fields: unknown; text: string }[] = []
  const note = (level: string) => (fields: unknown, text?: string) =>
    void lines.push({ level, fields, text: text ?? '' })
  const logger = { info: note('info'), warn: note('warn') }
  const ends = new FeedEnds({ clock, patienceMs, logger })
  const log = (name: string, feedId = 'feed') => ({ name, feedId })
  const pass = (ms: number) => {
    now += ms
  }
  return { ends, log, pass, lines }
}

const trouble = new GatewayError('unavailable')

t.test(
  'the age of an end counts from when Sekoia confirmed it, not from the last attempt',
  async t => {
    const { ends, log, pass } = watched()
    ends.succeeded(log('a'), start - 5000)
    pass(10_000)
    ends.failed(log('a'), trouble)
    t.strictSame(ends.ages(), [['feed', 15]])
  }
)

t.test('of several logs of a feed the oldest end counts; the oldest feed comes first', async t => {
  const { ends, log } = watched()
  ends.succeeded(log('a', 'young'), start - 1000)
  ends.succeeded(log('b', 'old'), start - 2000)
  ends.succeeded(log('c', 'old'), start - 9000)
  t.strictSame(ends.ages(), [
    ['old', 9],
    ['young', 1]
  ])
  t.equal(ends.followed, 3)
})

t.test(
  'a log whose end was never reached has no age; a clock set back gives none below 0',
  async t => {
    const { ends, log } = watched()
    ends.succeeded(log('a', 'in history'), undefined)
    ends.succeeded(log('b', 'ahead'), start + hour)
    t.strictSame(ends.ages(), [['ahead', 0]])
  }
)

t.test('a feed is failing once it could not be read on for longer than patience lasts', async t => {
  const { ends, log, pass } = watched(60_000)
  ends.succeeded(log('a'), start)
  pass(hour)
  ends.failed(log('a'), trouble)
  t.strictSame(ends.failing, [], 'the first failure after a quiet hour is no outage')
  pass(59_999)
  ends.failed(log('a'), trouble)
  t.strictSame(ends.failing, [])
  pass(1)
  t.strictSame(ends.failing, ['feed'])
  ends.succeeded(log('a'), start)
  t.strictSame(ends.failing, [])
})

t.test('a key that Sekoia refuses is no trouble of the feed', async t => {
  const { ends, log, pass } = watched()
  ends.failed(log('a'), trouble)
  ends.failed(log('a'), new GatewayError('forbidden'))
  pass(hour)
  t.strictSame(ends.failing, [])
  t.equal(ends.followed, 0)
})

t.test('a log that nobody asked for within a day is not followed any more', async t => {
  const { ends, log, pass } = watched()
  ends.succeeded(log('a'), start)
  ends.failed(log('b', 'other'), trouble)
  pass(24 * hour)
  t.equal(ends.followed, 2)
  pass(1)
  t.strictSame([ends.followed, ends.ages(), ends.failing], [0, [], []])
})

t.test('trouble of a feed is told once when it begins and once when it ends', async t => {
  const { ends, log, pass, lines } = watched(60_000)
  for (let n = 0; n < 20; n++) {
    ends.failed(log('a'), trouble)
    pass(10_000)
  }
  t.match(lines, [
    {
      level: 'warn',
      fields: { feed: 'feed', seconds: 60, err: trouble },
      text: /cannot be read on/
    }
  ])
  t.equal(lines.length, 1)
  ends.succeeded(log('a'), start)
  ends.succeeded(log('a'), start)
  t.match(lines[1], { level: 'info', fields: { feed: 'feed' } })
  t.equal(lines.length, 2)
})

t.test('trouble of a feed that nobody asks for any more is forgotten after a while', async t => {
  const { ends, log, pass } = watched(60_000)
  ends.failed(log('a'), trouble)
  pass(60_000)
  ends.failed(log('a'), trouble)
  pass(600_000)
  t.strictSame(ends.failing, ['feed'])
  pass(1)
  t.strictSame(ends.failing, [])
})

t.test(
  'a feed that cannot be swept is told once, with the kind of failure, until it can',
  async t => {
    const { ends, log, lines } = watched()
    ends.swept(log('a'))
    ends.sweepFailed(log('a'), new GatewayError('forbidden'))
    t.strictSame(lines, [], 'a refused key is no trouble of the feed')
    for (const error of [new GatewayError('timeout', { detail: 'of Sekoia' }), new Error('other')])
      ends.sweepFailed(log('a'), error)
    const text = 'a feed cannot be swept: what appears far behind its end is not found'
    const warning = { level: 'warn', fields: { feed: 'feed', reason: 'timeout' }, text }
    t.strictSame(lines, [warning])
    ends.swept(log('a'))
    t.match(lines.at(-1), { level: 'info', text: 'a feed is swept again' })
    ends.sweepFailed(log('a'), new Error('any text'))
    t.strictSame(lines.at(-1), { ...warning, fields: { feed: 'feed', reason: 'internal' } })
  }
)

t.test('what another process has seen of a log counts as if seen here', async t => {
  const { ends: one, log, pass, lines } = watched(60_000)
  const clock = { now: () => start + 120_000, sleep: async () => {} }
  const logger = { info: () => {}, warn: () => {} }
  const other = new FeedEnds({ clock, patienceMs: 60_000, logger, tell: news => one.learn(news) })
  one.succeeded(log('a'), start - 5000)
  one.failed(log('a'), trouble)
  pass(120_000)
  one.failed(log('a'), trouble)
  t.strictSame(one.failing, ['feed'])
  other.succeeded(log('a'), start + 119_000)
  t.strictSame([one.failing, one.ages()], [[], [['feed', 1]]])
  t.match(lines, [{ level: 'warn' }, { level: 'info', text: 'a feed is read on again' }])
  other.failed(log('a'), new GatewayError('forbidden'))
  t.equal(one.followed, 0, 'a refused key ends it')
})
