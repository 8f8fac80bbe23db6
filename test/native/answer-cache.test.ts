import t from 'tap'
import type { ScopeId } from '../../src/kernel/caller.ts'
import { silentMeter } from '../../src/kernel/ports.ts'
import { AnswerCache } from '../../src/native/cache/answer-cache.ts'
import type { Entry } from '../../src/native/cache/entry.ts'
import { createMemoryAnswers } from '../../src/stores/memory-answers.ts'

const clock = { now: () => 1000 }
const scope = 'scope-of-one' as ScopeId
const other = 'scope-of-two' as ScopeId

const entry = (text: string): Entry => ({
  at: 1000,
  isMiss: false,
  answer: {
    status: 200,
    contentType: 'application/json',
    cursor: undefined,
    body: Buffer.from(text)
  }
})

const open = (store = createMemoryAnswers({ maxBytes: 2 ** 20, clock })) =>
  new AnswerCache({ store, meter: silentMeter, maxBytes: 2 ** 20 })

const textOf = (found: Entry | undefined) => found?.answer.body.toString()

t.test(
  'answers are found by another process on the same store, and not in another scope',
  async t => {
    const store = createMemoryAnswers({ maxBytes: 2 ** 20, clock })
    const first = open(store)
    first.put(scope, 'a', entry('{"a":"ä\\n"}\n'))
    await first.settle()
    const [found, none] = await open(store).find(scope, ['a', 'b'])
    t.same(found, entry('{"a":"ä\\n"}\n'))
    t.equal(none, undefined)
    t.same(await open(store).find(other, ['a']), [undefined])
  }
)

t.test('an answer is forgotten by the id of an object that it holds', async t => {
  const cache = open()
  cache.put(scope, 'a', entry('a'), ['indicator--1', 'malware--1'])
  cache.put(scope, 'b', entry('b'), ['malware--2'])
  cache.forget(scope, [], ['malware--1'])
  t.same((await cache.find(scope, ['a', 'b'])).map(textOf), [undefined, 'b'])
})

t.test(
  'an object in very many answers: those no longer known to hold it are forgotten',
  async t => {
    const cache = open()
    const names = Array.from({ length: 10_002 }, (_, no) => `look-up ${no}`)
    for (const name of names) cache.put(scope, name, entry(name), ['identity--1'])
    cache.put(scope, names[1]!, entry('again'), ['identity--1'])
    await cache.settle()
    t.same((await cache.find(scope, names.slice(0, 3))).map(textOf), [
      undefined,
      'again',
      undefined
    ])
    cache.forget(scope, [], ['identity--1'])
    await cache.settle()
    t.ok((await cache.find(scope, names)).every(found => found === undefined))
  }
)

t.test('what is under way when it is forgotten is not kept', async t => {
  const cache = open()
  const { promise, resolve } = Promise.withResolvers<Entry>()
  const put = (found: Entry) => cache.put(scope, 'a', found)
  const work = cache.start(scope, 'a', promise, put)
  t.equal(cache.underWay(scope, 'a'), work)
  cache.forget(scope, ['a'])
  t.equal(cache.underWay(scope, 'a'), undefined)
  resolve(entry('old'))
  t.equal(textOf(await work), 'old', 'who asked before the news still gets it')
  t.same(await cache.find(scope, ['a']), [undefined])
})

t.test('a store that is slow delays nobody, and its old word on a name counts no more', async t => {
  const inner = createMemoryAnswers({ maxBytes: 2 ** 20, clock })
  const opened = Promise.withResolvers<void>()
  const slow = {
    ...inner,
    async forget(...given: Parameters<typeof inner.forget>) {
      await opened.promise
      await inner.forget(...given)
    }
  }
  const first = open(inner)
  first.put(scope, 'a', entry('old'))
  await first.settle()
  const cache = open(slow)
  cache.forget(scope, ['a'])
  t.same((await cache.find(scope, ['a'])).map(textOf), [undefined])
  opened.resolve()
  await cache.settle()
  t.same((await cache.find(scope, ['a'])).map(textOf), [undefined])
})

t.test('a store in trouble is a miss, and memory goes on', async t => {
  const broken = { get: fail, put: fail, forget: fail, forgetAll: fail, close: async () => {} }
  const cache = open(broken)
  cache.put(scope, 'a', entry('a'))
  t.same((await cache.find(scope, ['a', 'b'])).map(textOf), ['a', undefined])
  cache.forget(scope, ['a'])
  t.same(await cache.find(scope, ['a']), [undefined])
  await cache.settle()
})

const fail = async (): Promise<never> => {
  throw new Error('away')
}
