import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { SingleFlight } from '../../src/kernel/single-flight.ts'

t.test('all who ask while the work is under way get its one result (G8)', async t => {
  const flights = new SingleFlight<string, number>()
  const { promise, resolve } = Promise.withResolvers<number>()
  let begun = 0
  const work = () => {
    begun++
    return promise
  }
  const asked = ['a', 'a', 'b'].map(key => flights.run(key, work))
  t.equal(flights.size, 2)
  resolve(7)
  t.strictSame(await Promise.all(asked), [7, 7, 7])
  t.equal(begun, 2, 'once for each key')
  await setImmediate()
  t.equal(flights.size, 0)
  await flights.run('a', work)
  t.equal(begun, 3, 'what has ended is done again')
})

t.test('a failure is everybody’s, and the next who asks has the work done again', async t => {
  const flights = new SingleFlight<string, number>()
  const fails = () => Promise.reject(new Error('no'))
  const asked = [flights.run('a', fails), flights.run('a', fails)]
  for (const each of asked) await t.rejects(each, { message: 'no' })
  t.equal(await flights.run('a', async () => 1), 1)
})

t.test('settle waits for what is under way, well or badly ended', async t => {
  const flights = new SingleFlight<string, void>()
  const { promise, reject } = Promise.withResolvers<void>()
  const asked = flights.run('a', () => promise)
  asked.catch(() => {})
  const settled = flights.settle().then(() => 'settled')
  reject(new Error('no'))
  t.equal(await settled, 'settled')
})
