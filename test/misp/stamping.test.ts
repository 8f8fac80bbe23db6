import t from 'tap'
import { bury, stamp } from '../../src/misp/events/timestamps.ts'

/** Timestamps to the second (MISP-4). */

const marginSeconds = 300
const moment = { published: 1000, marginSeconds, tombstoneSeconds: 100 }
const child = (timestamp: number, more: object = {}) => ({
  deleted: false,
  to_ids: true,
  value: 'a',
  timestamp: `${timestamp}`,
  ...more
})
const buried = { deleted: true, to_ids: false }

t.test('a first stamp is that of the source, but never in the future', async t => {
  t.equal(stamp(undefined, child(0), 900, moment).timestamp, '900')
  t.equal(stamp(undefined, child(0), 1000, moment).timestamp, '1000')
  t.equal(stamp(undefined, child(0), 1001, moment).timestamp, '1000')
})

t.test('what did not change keeps its stamp, whatever its source says', async t => {
  const held = child(900)
  t.equal(stamp(held, child(0), 950, moment), held)
})

t.test('what changed is stamped now, and later than before', async t => {
  const changed = child(0, { value: 'b' })
  t.equal(stamp(child(900), changed, 950, moment).timestamp, '1000')
  t.equal(stamp(child(1000), changed, 950, moment).timestamp, '1001')
  t.equal(stamp(child(1200), changed, 950, moment).timestamp, '1201')
})

t.test('what is restored is stamped later than a MISP clock that is ahead may have', async t => {
  t.equal(stamp(child(900, buried), child(0), 950, moment).timestamp, `${1000 + marginSeconds}`)
  t.equal(stamp(child(2000, buried), child(0), 950, moment).timestamp, '2001')
})

t.test('what is taken back has neither to_ids nor, after T, a place', async t => {
  t.strictSame(bury(child(900), moment), child(1000, buried))
  t.strictSame(bury(child(1000), moment), child(1001, buried))
  const held = child(900, buried)
  t.equal(bury(held, { ...moment, published: 999 }), held)
  t.equal(bury(held, moment), undefined)
  t.strictSame(bury({ deleted: false, timestamp: '900' }, moment), {
    deleted: true,
    timestamp: '1000'
  })
})
