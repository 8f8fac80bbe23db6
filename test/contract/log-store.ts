import type { Test } from 'tap'
import type { JournalCommit, LogStore } from '../../src/kernel/ports.ts'

/** What every {@link LogStore} must do. Run by one test file per store. */

/** A new, empty store with room for 64 MiB of bodies. */
export type OpenStore = (t: Test) => LogStore | Promise<LogStore>

const text = (value: string) => Buffer.from(value)

/** A first commit of one head and its body; `change` overrides parts of it. */
export const firstCommit = (change: Partial<JournalCommit> = {}): JournalCommit => ({
  expectedVersion: 0,
  state: text('state'),
  heads: [{ no: 1, head: text('head 1') }],
  bodies: [{ no: 1, body: text('body 1') }],
  ...change
})

/** Sorted, each once. */
export async function allOf(batches: AsyncIterable<readonly string[]>): Promise<string[]> {
  const all = new Set<string>()
  for await (const batch of batches) for (const name of batch) all.add(name)
  return [...all].toSorted()
}

export function logStoreContract(t: Test, open: OpenStore) {
  t.test('load: a log that was never committed is undefined', async t => {
    const store = await open(t)
    t.equal(await store.load('unknown'), undefined)
    t.equal(store.trouble(), undefined)
  })

  t.test('commit: expectedVersion 0 creates the journal with version 1', async t => {
    const store = await open(t)
    t.equal(await store.commit('log', firstCommit()), true)
    t.same(await store.load('log'), {
      version: 1,
      state: text('state'),
      heads: [{ no: 1, head: text('head 1') }]
    })
    t.same(await store.readBody('log', 1), text('body 1'))
  })

  t.test('names: every log, and none that was dropped', async t => {
    const store = await open(t)
    t.strictSame(await allOf(store.names()), [])
    const logs = Array.from({ length: 30 }, (_, i) => `v1:scope:log.${i}`)
    for (const log of logs) await store.commit(log, firstCommit())
    await store.noteRead(logs[3]!, 1)
    await store.lease('another', 'owner', 1000)
    await store.drop(logs[7]!)
    const left = logs.filter(log => log !== logs[7])
    t.strictSame(await allOf(store.names()), left.toSorted())
  })

  t.test('version and load since: only what was written after a version', async t => {
    const store = await open(t)
    t.equal(await store.version('log'), 0)
    t.equal(await store.load('log', 5), undefined)
    await store.commit('log', firstCommit())
    const heads = [
      { no: 2, head: text('head 2') },
      { no: 10, head: text('head 10') }
    ]
    await store.commit('log', firstCommit({ expectedVersion: 1, heads, bodies: [] }))
    const grown = [{ no: 2, head: text('head 2, grown') }]
    const state = text('third')
    await store.commit('log', firstCommit({ expectedVersion: 2, state, heads: grown, bodies: [] }))
    t.equal(await store.version('log'), 3)
    t.same(await store.load('log', 2), { version: 3, state, heads: grown })
    t.same((await store.load('log', 1))?.heads, [grown[0], heads[1]])
    t.same(await store.load('log', 3), { version: 3, state, heads: [] })
    t.equal((await store.load('log'))?.heads.length, 3)
    await store.drop('log')
    t.equal(await store.version('log'), 0)
    await store.commit('log', firstCommit())
    t.same((await store.load('log', 0))?.heads.length, 1)
  })

  t.test('lease: one owner at a time, until it is given back or has run out', async t => {
    const store = await open(t)
    t.equal(await store.lease('log', 'a', 60_000), true)
    t.equal(await store.lease('log', 'b', 60_000), false)
    t.equal(await store.lease('other', 'b', 60_000), true)
    await store.release('log', 'b')
    t.equal(await store.lease('log', 'b', 60_000), false, 'only the owner gives it back')
    await store.release('log', 'a')
    t.equal(await store.lease('log', 'b', 1), true)
    await new Promise(resolve => setTimeout(resolve, 20))
    t.equal(await store.lease('log', 'c', 60_000), true, 'a lease runs out')
    await store.release('unknown', 'a')
  })

  t.test('unread: the logs that were noted as read, and not since an instant', async t => {
    const store = await open(t)
    t.same(await store.unread(1000, 10), [])
    for (const [log, at] of [
      ['b', 20],
      ['a', 10],
      ['c', 30],
      ['d', 5]
    ] as const) {
      await store.commit(log, firstCommit())
      await store.noteRead(log, at)
    }
    await store.noteRead('d', 40)
    t.same(
      await store.unread(30, 10),
      ['a', 'b'],
      'longest unread first, the instant itself left out'
    )
    t.same(await store.unread(1000, 3), ['a', 'b', 'c'])
    await store.drop('a')
    t.same(await store.unread(30, 10), ['b'], 'a dropped log is forgotten')
    t.equal((await store.load('b'))?.version, 1)
  })

  t.test('commit: a journal without heads is a journal', async t => {
    const store = await open(t)
    await store.commit('log', firstCommit({ heads: [], bodies: [] }))
    t.same(await store.load('log'), { version: 1, state: text('state'), heads: [] })
  })

  t.test('commit: a stale, future or repeated version changes nothing', async t => {
    const store = await open(t)
    await store.commit('log', firstCommit())
    await store.commit('log', firstCommit({ expectedVersion: 1, state: text('second') }))
    const before = await store.load('log')
    for (const expectedVersion of [0, 1, 3]) {
      const late = firstCommit({
        expectedVersion,
        state: text('late'),
        heads: [{ no: 2, head: text('late') }],
        bodies: [
          { no: 1, body: text('late') },
          { no: 2, body: text('late') }
        ]
      })
      t.equal(await store.commit('log', late), false)
    }
    t.same(await store.load('log'), before)
    t.same(await store.readBody('log', 1), text('body 1'))
    t.equal(await store.readBody('log', 2), undefined)
    t.equal(await store.commit('unknown', firstCommit({ expectedVersion: 4 })), false)
    t.equal(await store.load('unknown'), undefined)
  })

  t.test('commit: of many writers from one version exactly one wins', async t => {
    const store = await open(t)
    const writers = Array.from({ length: 20 }, (_, no) =>
      store.commit(
        'log',
        firstCommit({
          state: text(`writer ${no}`),
          heads: [{ no, head: text(`${no}`) }],
          bodies: []
        })
      )
    )
    const results = await Promise.all(writers)
    const winner = results.indexOf(true)
    t.equal(results.filter(Boolean).length, 1)
    t.same(await store.load('log'), {
      version: 1,
      state: text(`writer ${winner}`),
      heads: [{ no: winner, head: text(`${winner}`) }]
    })
  })

  t.test('commit: heads are added or overwritten, the others stay, `no` ascends', async t => {
    const store = await open(t)
    const first = [100, 9, 20].map(no => ({ no, head: text(`old ${no}`) }))
    await store.commit('log', firstCommit({ heads: first, bodies: [] }))
    const second = [20, 3].map(no => ({ no, head: text(`new ${no}`) }))
    await store.commit('log', firstCommit({ expectedVersion: 1, heads: second, bodies: [] }))
    const journal = await store.load('log')
    t.equal(journal?.version, 2)
    t.same(
      journal?.heads.map(({ no, head }) => [no, head.toString()]),
      [
        [3, 'new 3'],
        [9, 'old 9'],
        [20, 'new 20'],
        [100, 'old 100']
      ]
    )
  })

  t.test('commit: a body given again overwrites the older one', async t => {
    const store = await open(t)
    await store.commit('log', firstCommit())
    const longer = [{ no: 1, body: text('a longer body') }]
    await store.commit('log', firstCommit({ expectedVersion: 1, bodies: longer }))
    t.same(await store.readBody('log', 1), text('a longer body'))
  })

  t.test('readBody: unknown logs and numbers are undefined', async t => {
    const store = await open(t)
    await store.commit('log', firstCommit())
    t.equal(await store.readBody('log', 2), undefined)
    t.equal(await store.readBody('unknown', 1), undefined)
  })

  t.test('writeBody: adds or overwrites a body and leaves the journal alone', async t => {
    const store = await open(t)
    await store.commit('log', firstCommit())
    const before = await store.load('log')
    await store.writeBody('log', 1, text('fetched again'))
    await store.writeBody('log', 7, text('body 7'))
    await store.writeBody('unknown', 1, text('early'))
    t.same(await store.readBody('log', 1), text('fetched again'))
    t.same(await store.readBody('log', 7), text('body 7'))
    t.same(await store.load('log'), before)
    t.equal(await store.load('unknown'), undefined)
  })

  t.test('lengthenBody: puts a longer form in the place of the body it was made of', async t => {
    const store = await open(t)
    await store.commit('log', firstCommit())
    const before = await store.load('log')
    const from = text('body 1').length
    t.equal(await store.lengthenBody('log', 1, from, text('body 1, longer')), true)
    t.same(await store.readBody('log', 1), text('body 1, longer'))
    t.equal(await store.lengthenBody('log', 1, from, text('made of the one before')), false)
    t.same(await store.readBody('log', 1), text('body 1, longer'))
    t.equal(await store.lengthenBody('log', 2, from, text('of none')), false)
    t.equal(await store.readBody('log', 2), undefined)
    t.same(await store.load('log'), before)
  })

  t.test(
    'drop: forgets journal and bodies of that log, which can then be created anew',
    async t => {
      const store = await open(t)
      await store.commit('log', firstCommit())
      await store.commit('log2', firstCommit())
      await store.drop('log')
      await store.drop('unknown')
      t.equal(await store.load('log'), undefined)
      t.equal(await store.readBody('log', 1), undefined)
      t.equal((await store.load('log2'))?.version, 1)
      t.same(await store.readBody('log2', 1), text('body 1'))
      t.equal(await store.commit('log', firstCommit({ bodies: [] })), true)
      t.equal(await store.readBody('log', 1), undefined)
    }
  )

  t.test('bytes: every byte value and empty buffers come back as they went in', async t => {
    const store = await open(t)
    const all = Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte))
    await store.commit('log', {
      expectedVersion: 0,
      state: all,
      heads: [
        { no: 0, head: all },
        { no: 1, head: Buffer.alloc(0) }
      ],
      bodies: [
        { no: 0, body: all },
        { no: 1, body: Buffer.alloc(0) }
      ]
    })
    const journal = await store.load('log')
    t.same(journal?.state, all)
    t.same(journal?.heads, [
      { no: 0, head: all },
      { no: 1, head: Buffer.alloc(0) }
    ])
    t.same(await store.readBody('log', 0), all)
    t.same(await store.readBody('log', 1), Buffer.alloc(0))
  })

  t.test('bytes: what is stored does not change with the caller’s buffers', async t => {
    const store = await open(t)
    const page = Buffer.from('..body..')
    const state = Buffer.from('state')
    const head = Buffer.from('head')
    const body = page.subarray(2, 6)
    await store.commit('log', {
      expectedVersion: 0,
      state,
      heads: [{ no: 1, head }],
      bodies: [{ no: 1, body }]
    })
    await store.writeBody('log', 2, body)
    for (const buffer of [page, state, head]) buffer.fill('x')
    const journal = await store.load('log')
    t.equal(journal?.state.toString(), 'state')
    t.equal(journal?.heads[0]?.head.toString(), 'head')
    t.equal((await store.readBody('log', 1))?.toString(), 'body')
    t.equal((await store.readBody('log', 2))?.toString(), 'body')
  })

  t.test(
    'names: every allowed character, and names that differ in little, are logs apart',
    async t => {
      const store = await open(t)
      const letters = 'abcdefghijklmnopqrstuvwxyz'
      const every = `${letters}${letters.toUpperCase()}0123456789._:-`
      const names = [
        every,
        every.toLowerCase(),
        'a',
        'A',
        'a:',
        'a:1',
        'a.1',
        'a-1',
        'a_1',
        '1',
        '01'
      ]
      for (const name of names) {
        const heads = [{ no: 1, head: text(`head of ${name}`) }]
        const bodies = [{ no: 1, body: text(`body of ${name}`) }]
        t.equal(await store.commit(name, firstCommit({ state: text(name), heads, bodies })), true)
      }
      for (const name of names) {
        const journal = await store.load(name)
        t.equal(journal?.state.toString(), name)
        t.equal(journal?.heads[0]?.head.toString(), `head of ${name}`)
        t.equal((await store.readBody(name, 1))?.toString(), `body of ${name}`)
      }
    }
  )

  t.test('size: a thousand heads in one commit, and a body of eight megabytes', async t => {
    const store = await open(t)
    const heads = Array.from({ length: 1000 }, (_, no) => ({ no, head: text(`head ${no}`) }))
    const body = Buffer.alloc(8 * 1024 * 1024, 'stix')
    await store.commit('log', firstCommit({ heads, bodies: [{ no: 999, body }] }))
    const journal = await store.load('log')
    t.same(journal?.heads, heads)
    t.ok((await store.readBody('log', 999))?.equals(body))
  })

  t.test('close: may be called twice', async t => {
    const store = await open(t)
    await store.close()
    await t.resolves(store.close())
  })
}

/** What a store must do that keeps the bound of its bodies itself. */
export function bodyBoundContract(
  t: Test,
  open: (t: Test, bodyMaxBytes: number) => LogStore | Promise<LogStore>
) {
  t.test('bodies: no more than bodyMaxBytes are kept, the journal is never evicted', async t => {
    const store = await open(t, 1000)
    const body = Buffer.alloc(300, 1)
    for (let no = 0; no < 10; no++) {
      const heads = [{ no, head: Buffer.alloc(500, no) }]
      await store.commit('log', firstCommit({ expectedVersion: no, heads, bodies: [{ no, body }] }))
    }
    const kept = []
    for (let no = 0; no < 10; no++) if (await store.readBody('log', no)) kept.push(no)
    t.same(kept, [7, 8, 9])
    t.equal((await store.load('log'))?.heads.length, 10)
    await store.writeBody('log', 0, body)
    t.same(await store.readBody('log', 0), body, 'an evicted body can be put back')
  })

  t.test('bodies: overwriting one with a smaller one makes room', async t => {
    const store = await open(t, 1000)
    await store.writeBody('log', 1, Buffer.alloc(900))
    await store.writeBody('log', 1, Buffer.alloc(100))
    await store.writeBody('log', 2, Buffer.alloc(900))
    t.equal((await store.readBody('log', 1))?.length, 100)
    t.equal((await store.readBody('log', 2))?.length, 900)
  })

  t.test(
    'lengthenBody: takes no more than half of the room, so that it pushes nothing out',
    async t => {
      const store = await open(t, 1000)
      for (const no of [1, 2, 3]) await store.writeBody('log', no, Buffer.alloc(100, no))
      t.equal(await store.lengthenBody('log', 1, 100, Buffer.alloc(301)), false)
      t.equal(await store.lengthenBody('log', 1, 100, Buffer.alloc(300)), true)
      t.equal(await store.lengthenBody('log', 2, 100, Buffer.alloc(101)), false)
      await store.writeBody('log', 4, Buffer.alloc(500, 4))
      const kept = await Promise.all([1, 2, 3, 4].map(no => store.readBody('log', no)))
      t.same(
        kept.map(body => body?.length),
        [300, 100, 100, 500]
      )
    }
  )

  t.test('bodies: one larger than bodyMaxBytes is not kept, and is no trouble', async t => {
    const store = await open(t, 1000)
    t.equal(
      await store.commit('log', firstCommit({ bodies: [{ no: 1, body: Buffer.alloc(1001) }] })),
      true
    )
    t.equal(await store.readBody('log', 1), undefined)
    t.equal((await store.load('log'))?.heads.length, 1)
    t.equal(store.trouble(), undefined)
  })
}
