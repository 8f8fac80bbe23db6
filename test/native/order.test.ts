import t from 'tap'
import type { FeedRecord } from '../../src/kernel/records.ts'
import { isUpTo, leftOut } from '../../src/native/feed/leading-run.ts'
import { isTimeEnough } from '../../src/native/feed/next-cursor.ts'
import { normalQuery } from '../../src/native/relay/raw-query.ts'
import { toNaturalMillis } from '../../src/stix/timestamp.ts'

const second = '2026-01-15T12:00:00'

/** A record of this fraction of a second; raised by so many milliseconds above its own date. */
const at = (fraction: string, raisedBy = 0): FeedRecord => {
  const time = `${second}.${fraction}Z`
  return {
    id: `indicator--${fraction}`,
    type: 'indicator',
    version: time,
    time,
    specVersion: '2.1',
    date: toNaturalMillis(time)! + raisedBy,
    bytes: Buffer.from('{}')
  }
}

const after = (fraction: string, isInclusive = false) => ({
  text: `${second}.${fraction}Z`,
  isInclusive
})

t.test(
  'what follows the one object of the time was not had, however early its own time',
  async t => {
    t.equal(leftOut([at('1234'), at('1235')], after('1235')), 2)
    t.equal(leftOut([at('1234'), at('1235'), at('12', 500)], after('1235')), 2)
  }
)

t.test('of several objects of the time any may not have been had', async t => {
  t.equal(leftOut([at('1234'), at('1235'), at('1235')], after('1235')), 1)
})

t.test('without an object of the time, what arrived late was not had', async t => {
  t.equal(leftOut([at('1234'), at('12341')], after('1235')), 2)
  t.equal(leftOut([at('1234'), at('11', 900), at('1233')], after('1235')), 1)
  t.equal(leftOut([at('11', 900)], after('1235')), 0)
})

t.test('from a time on, objects of that time are wanted', async t => {
  t.equal(leftOut([at('1234'), at('1235')], after('1235', true)), 1)
})

t.test('times compare as the text that Sekoia orders by', async t => {
  t.ok(isUpTo(at('822315'), after('822')))
  t.notOk(isUpTo(at('822'), after('822315')))
  t.notOk(isUpTo({ ...at('1'), time: undefined }, after('9')))
})

t.test('a time is enough for a cursor when nothing else of the log could be meant', async t => {
  const [a, b, c] = [at('100001'), at('1234'), at('1235')]
  t.equal(isTimeEnough([a, b, c], undefined), true)
  t.equal(isTimeEnough([a, b, c], at('1236')), true)
  t.equal(isTimeEnough([a, b, c], at('1235')), false, 'the next has the same')
  t.equal(
    isTimeEnough([a, at('1235', 1), at('1235', 2)], undefined),
    false,
    'one before has the same'
  )
  t.equal(isTimeEnough([a, at('9', 0), at('1235', 900)], undefined), false, 'one before is later')
  t.equal(isTimeEnough([b, c], undefined), undefined, 'what was before is not known')
  t.equal(isTimeEnough([a, { ...c, time: undefined }], undefined), false, 'no time')
  t.equal(isTimeEnough([a, { ...c, date: c.date - 5 }], undefined), false, 'dated ahead')
  t.equal(isTimeEnough([], undefined), false)
})

t.test('queries that ask the same have one form, whatever their spelling', async t => {
  const form = normalQuery('match%5Btype%5D=indicator&include_revoked=True&limit=5')
  t.equal(normalQuery('limit=5&include_revoked=true&match[type]=indicator'), form)
  t.not(normalQuery('limit=5&include_revoked=false&match[type]=indicator'), form)
  t.not(normalQuery('a=1&a=2'), normalQuery('a=2&a=1'))
  t.not(normalQuery('value=True'), normalQuery('value=Truex'))
})
