import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { asBuffer, together } from '../../src/threads/moved.ts'
import { openPool, type ThreadPool, type ThreadPoolOptions } from '../../src/threads/pool.ts'
import type { Asked } from '../support/threads/tasks.ts'

const fixture = (name: string) => new URL(`../support/threads/${name}.ts`, import.meta.url)

function open(t: Test, options: Partial<ThreadPoolOptions> = {}): ThreadPool<Asked, unknown> {
  const pool = openPool<Asked, unknown>({
    file: fixture('tasks'),
    threads: 1,
    idleMs: 60_000,
    heapMegabytes: 64,
    newSpaceMegabytes: 8,
    ...options
  })
  t.teardown(() => pool.close())
  return pool
}

t.test('a thread starts with the first task, and stays', async t => {
  const pool = open(t, { data: { name: 'a test' } })
  t.equal(pool.size, 0)
  const first = await pool.run('who')
  t.not(first, 0, 'not this thread')
  t.equal(await pool.run('who'), first)
  t.strictSame(await pool.run('data'), { name: 'a test' })
  t.equal(pool.size, 1)
})

t.test('bytes are moved to the thread and back', async t => {
  const pool = open(t)
  const { buffer, pieces } = together([Buffer.from([1, 2]), Buffer.from([]), Buffer.from([3])])
  t.strictSame(
    pieces.map(piece => [...piece]),
    [[1, 2], [], [3]]
  )
  const sent = new Uint8Array(buffer)
  const { doubled } = (await pool.run(sent, [buffer])) as { doubled: Uint8Array }
  t.strictSame(asBuffer(doubled), Buffer.from([2, 4, 6]))
  t.equal(sent.length, 0, 'it is gone from here')
})

t.test('a task that fails leaves its thread', async t => {
  const pool = open(t)
  const first = await pool.run('who')
  await t.rejects(pool.run('fail'), TypeError('this task fails'))
  t.equal(await pool.run('who'), first)
})

t.test('a thread that ends fails its task, and the next task has another thread', async t => {
  const pool = open(t)
  const first = await pool.run('who')
  for (const asked of ['exit', 'grow'] as const) {
    await t.rejects(pool.run(asked))
    t.not(await pool.run('who'), first)
  }
})

t.test('a thread that cannot start fails the tasks that wait for it', async t => {
  for (const name of ['no-start', 'not-there']) {
    const pool = open(t, { file: fixture(name) })
    await t.rejects(pool.run('who'), name)
    await t.rejects(pool.run('who'), `${name}, again`)
  }
})

t.test('a thread that has nothing to do ends', async t => {
  const pool = open(t, { idleMs: 1 })
  const first = await pool.run('who')
  while (pool.size > 0) await delay(5)
  t.not(await pool.run('who'), first)
})

t.test('closing fails what is under way', async t => {
  const pool = open(t, { heapMegabytes: 512 })
  const growing = t.rejects(pool.run('grow'))
  await pool.close()
  await growing
})
