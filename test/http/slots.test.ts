import t from 'tap'
import { Slots } from '../../src/http/slots.ts'
import { GatewayError } from '../../src/kernel/errors.ts'

const never = new AbortController()

/** Whether each of the promises has resolved by now. */
async function resolved(promises: readonly Promise<unknown>[]): Promise<boolean[]> {
  const done = promises.map(() => false)
  for (const [n, promise] of promises.entries())
    promise.then(
      () => {
        done[n] = true
      },
      () => {}
    )
  await new Promise(setImmediate)
  return done
}

t.test('no more than `maxActive` have a place, the others wait in the order they came', async t => {
  const slots = new Slots({ maxActive: 2, maxQueued: 10 })
  const takes = [1, 2, 3, 4].map(() => slots.take(false, never))
  t.strictSame(await resolved(takes), [true, true, false, false])
  const giveBack = await takes[0]!
  giveBack()
  giveBack()
  t.strictSame(await resolved(takes), [true, true, true, false], 'giving back twice is once')
})

t.test('who continues a walk comes first, and is not sent away from a full queue', async t => {
  const slots = new Slots({ maxActive: 1, maxQueued: 1 })
  const giveBack = await slots.take(false, never)
  const other = slots.take(false, never)
  await t.rejects(slots.take(false, never), new GatewayError('overloaded'))
  const walkers = [1, 2, 3].map(() => slots.take(true, never))
  giveBack()
  t.strictSame(await resolved([other, ...walkers]), [false, true, false, false])
  for (const walker of walkers) (await walker)()
  t.strictSame(await resolved([other]), [true])
})

t.test('without a queue, a full house sends away all but walkers', async t => {
  const slots = new Slots({ maxActive: 1, maxQueued: 0 })
  const giveBack = await slots.take(false, never)
  await t.rejects(slots.take(false, never), new GatewayError('overloaded'))
  const walker = slots.take(true, never)
  giveBack()
  t.strictSame(await resolved([walker]), [true])
})

t.test('who stops waiting leaves the queue, and costs nobody a place', async t => {
  const slots = new Slots({ maxActive: 1, maxQueued: 1 })
  const giveBack = await slots.take(false, never)
  const leaving = new AbortController()
  const gone = slots.take(false, leaving)
  leaving.abort(new Error('gone'))
  await t.rejects(gone, new Error('gone'))
  await t.rejects(
    slots.take(false, { signal: AbortSignal.abort(new Error('before')) }),
    new Error('before')
  )
  const next = slots.take(false, never)
  giveBack()
  const end = await next
  end()
  t.strictSame(await resolved([slots.take(false, never)]), [true])
})
