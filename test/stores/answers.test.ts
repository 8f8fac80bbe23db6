import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import type { AnswerStore } from '../../src/kernel/answer-store.ts'
import { createMemoryAnswers } from '../../src/stores/memory-answers.ts'
import { openRedisStore } from '../../src/stores/redis.ts'
import { openSqliteAnswers } from '../../src/stores/sqlite-answers.ts'
import { answerStoreContract } from '../contract/answer-store.ts'
import { redisOptions, startRedis } from '../support/redis.ts'

t.setTimeout(120_000)

const newClock = () => {
  let now = Date.UTC(2026, 0, 15)
  return {
    now: () => now,
    pass: (ms: number) => {
      now += ms
    }
  }
}

t.test('in memory', async t =>
  answerStoreContract(t, async () => {
    const clock = newClock()
    return { store: createMemoryAnswers({ maxBytes: 2 ** 20, clock }), pass: clock.pass }
  })
)

t.test('in a SQLite file', async t =>
  answerStoreContract(t, async t => {
    const clock = newClock()
    const store = openSqliteAnswers({ dataDir: t.testdir(), maxBytes: 2 ** 20, clock })
    t.teardown(() => store.close())
    return { store, pass: clock.pass }
  })
)

t.test('in Redis', async t => {
  const server = await startRedis(t)
  let opened = 0
  answerStoreContract(t, async t => {
    const options = redisOptions(server.port, { keyPrefix: `answers${++opened}:` })
    const { log, documents, answers } = await openRedisStore(options)
    t.teardown(() => Promise.all([log.close(), documents.close(), answers.close()]))
    return { store: answers, pass: ms => delay(ms) }
  })
})

const fill = async (store: AnswerStore, count: number, bytes: number): Promise<string[]> => {
  const names = Array.from({ length: count }, (_, i) => `n${i}`)
  for (const name of names) await store.put('one', [{ name, value: Buffer.alloc(bytes) }], 60_000)
  return names
}

t.test('memory and SQLite are bounded: the oldest go first', async t => {
  const clock = { now: () => Date.now() }
  const sqlite = openSqliteAnswers({ dataDir: t.testdir(), maxBytes: 100_000, clock })
  t.teardown(() => sqlite.close())
  for (const store of [createMemoryAnswers({ maxBytes: 100_000, clock }), sqlite]) {
    const names = await fill(store, 100, 10_000)
    const found = await store.get('one', names)
    const held = found.filter(value => value !== undefined).length
    t.ok(held >= 5 && held <= 12, `${held} are held`)
    t.ok(found.at(-1))
    t.notOk(found[0])
  }
})

t.test('answers in a SQLite file outlive the process', async t => {
  const dataDir = t.testdir()
  const clock = newClock()
  const first = openSqliteAnswers({ dataDir, maxBytes: 2 ** 20, clock })
  await first.put('one', [{ name: 'a', value: Buffer.from('kept') }], 60_000)
  await first.close()
  const second = openSqliteAnswers({ dataDir, maxBytes: 2 ** 20, clock })
  t.teardown(() => second.close())
  t.same(await second.get('one', ['a']), [Buffer.from('kept')])
})
