import t from 'tap'
import { memoize } from '../../src/kernel/memoize.ts'

/** A decision that counts how often it is made. */
function counted<T>(decide: (text: string) => T, max?: number) {
  const made: string[] = []
  const remembered = memoize((text: string) => {
    made.push(text)
    return decide(text)
  }, max)
  return { made, remembered }
}

t.test('the same text is decided once, whatever the decision', async t => {
  for (const decision of ['yes', undefined, null, 0, '']) {
    const { made, remembered } = counted(() => decision)
    for (const text of ['a', 'b', 'a', 'b']) t.equal(remembered(text), decision)
    t.same(made, ['a', 'b'])
  }
})

t.test('G9: no more than `max` texts are known, and none that is long', async t => {
  const { made, remembered } = counted(text => text.length, 2)
  for (const text of ['a', 'b', 'c', 'c', 'a']) t.equal(remembered(text), 1)
  t.same(made, ['a', 'b', 'c', 'a'], 'the third made it forget the others')
  const long = 'x'.repeat(513)
  for (let n = 0; n < 2; n++) t.equal(remembered(long), 513)
  t.equal(made.filter(text => text === long).length, 2)
})

t.test('a decision that throws is made again', async t => {
  const { made, remembered } = counted(() => {
    throw new Error('no')
  })
  for (let n = 0; n < 2; n++) t.throws(() => remembered('a'), { message: 'no' })
  t.equal(made.length, 2)
})
