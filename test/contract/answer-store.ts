import type { Test } from 'tap'
import type { AnswerStore } from '../../src/kernel/answer-store.ts'

/** What every {@link AnswerStore} must do. Run by one test file per store. */

export interface OpenedAnswers {
  readonly store: AnswerStore
  /** Lets so many milliseconds pass. */
  pass(ms: number): Promise<void> | void
}

const text = (value: string) => Buffer.from(value)
const put = (name: string, value = `value of ${name}`) => ({ name, value: text(value) })

export function answerStoreContract(t: Test, open: (t: Test) => Promise<OpenedAnswers>): void {
  t.test(
    'get: values in the order of the names, undefined for those that are not there',
    async t => {
      const { store } = await open(t)
      await store.put('one', [put('a'), put('b')], 60_000)
      const found = await store.get('one', ['b', 'none', 'a'])
      t.same(found, [text('value of b'), undefined, text('value of a')])
    }
  )

  t.test('put: the last value counts, any bytes', async t => {
    const { store } = await open(t)
    const bytes = Buffer.from([0, 255, 10, 13])
    await store.put('one', [put('a')], 60_000)
    await store.put('one', [{ name: 'a', value: bytes }], 60_000)
    t.same(await store.get('one', ['a']), [bytes])
  })

  t.test('scopes know nothing of each other', async t => {
    const { store } = await open(t)
    await store.put('one', [put('a')], 60_000)
    t.same(await store.get('another', ['a']), [undefined])
    await store.forget('another', ['a'])
    t.same(await store.get('one', ['a']), [text('value of a')])
  })

  t.test('forget: by name, those that are there and those that are not', async t => {
    const { store } = await open(t)
    await store.put('one', [put('a'), put('b')], 60_000)
    await store.forget('one', ['a', 'none'])
    await store.forget('one', [])
    t.same(await store.get('one', ['a', 'b']), [undefined, text('value of b')])
  })

  t.test('forgetAll: of one scope, whatever its names', async t => {
    const { store } = await open(t)
    const many = Array.from({ length: 30 }, (_, i) => put(`n:${i}`))
    await store.put('one', many, 60_000)
    await store.put('ones', [put('n:1')], 60_000)
    await store.forgetAll('one')
    await store.forgetAll('none')
    t.same(await store.get('one', ['n:1', 'n:29']), [undefined, undefined])
    t.same(await store.get('ones', ['n:1']), [text('value of n:1')])
  })

  t.test('a value ends with its time', async t => {
    const { store, pass } = await open(t)
    await store.put('one', [put('short')], 50)
    await store.put('one', [put('long')], 600_000)
    await pass(100)
    t.same(await store.get('one', ['short', 'long']), [undefined, text('value of long')])
  })
}
