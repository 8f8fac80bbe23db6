import t from 'tap'
import { Breaker, pauseMs } from '../../src/sekoia/breaker.ts'

const settings = { failures: 3, resetMs: 10_000 }

function opened(at = 0): Breaker {
  const breaker = new Breaker(settings)
  for (let i = 0; i < settings.failures; i++) breaker.end('bad', at, breaker.begin())
  return breaker
}

t.test('failures in a row open it, an answer in between starts the count anew', async t => {
  const breaker = new Breaker(settings)
  const verdicts = ['bad', 'bad', 'good', 'bad', 'none', 'bad', 'bad'] as const
  const openings = verdicts.map(verdict => breaker.end(verdict, 0, breaker.begin()))
  t.same(openings, [false, false, false, false, false, false, true])
  t.equal(breaker.state(0), 'open')
  t.equal(breaker.room(0), 0)
})

t.test('after its pause one call may try, and no other until that has ended', async t => {
  const breaker = opened()
  t.equal(breaker.waitMs(0), 1000)
  t.equal(breaker.room(999), 0)
  t.equal(breaker.room(1000), 1)
  const isTrial = breaker.begin()
  t.ok(isTrial)
  t.equal(breaker.room(1000), 0)
  t.equal(breaker.waitMs(1000), undefined)
  t.equal(breaker.state(1000), 'half-open')
  breaker.end('bad', 1000, false)
  t.equal(breaker.room(9000), 0, 'a call that began before is not the trial')
  breaker.end('good', 9000, isTrial)
  t.equal(breaker.state(9000), 'closed')
})

t.test('a trial that says nothing leaves the next call to try', async t => {
  const breaker = opened()
  breaker.end('none', 1000, breaker.begin())
  t.equal(breaker.room(1000), 1)
})

t.test('the pause grows with the trouble, up to its bound', async t => {
  t.same(
    [0, 8000, 15_000, 40_000, 80_000, 1e9].map(ms => pauseMs(ms, 10_000)),
    [1000, 1000, 1875, 5000, 10_000, 10_000]
  )
  const breaker = opened()
  breaker.end('bad', 16_000, breaker.begin())
  t.equal(breaker.waitMs(16_000), 2000)
})
