import t from 'tap'
import { watchTrouble } from '../../src/stores/trouble.ts'

t.test('trouble begins with the first failure and ends when all that failed works', async t => {
  const changes: (string | undefined)[] = []
  const watch = watchTrouble(trouble => changes.push(trouble))
  watch.failed('reading', new Error('lost'))
  watch.failed('writing', new Error('lost too'))
  watch.worked('reading')
  t.equal(watch.text(), 'writing failed: lost too')
  watch.worked('writing')
  t.equal(watch.text(), undefined)
  t.same(changes, ['reading failed: lost', undefined])
})

t.test('attempt: hands on what the operation gave or threw', async t => {
  const watch = watchTrouble()
  t.equal(await watch.attempt('reading', () => 7), 7)
  await t.rejects(
    watch.attempt('reading', () => Promise.reject(new Error('lost'))),
    {
      message: 'lost'
    }
  )
  t.equal(watch.text(), 'reading failed: lost')
})

t.test('calmMs: successes amid failures end no trouble', async t => {
  let time = 0
  const changes: (string | undefined)[] = []
  const watch = watchTrouble(trouble => changes.push(trouble), { calmMs: 100, now: () => time })
  for (; time < 500; time += 50) {
    watch.failed('reading', new Error('one node is down'))
    watch.worked('reading')
  }
  t.equal(changes.length, 1)
  time += 50
  watch.worked('reading')
  t.equal(watch.text(), undefined)
  t.equal(changes.length, 2)
})
