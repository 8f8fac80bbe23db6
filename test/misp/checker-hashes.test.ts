import t from 'tap'
import { checkFeed } from '../support/misp/checker.ts'
import { checkWith, feedWith, goodHashes } from '../support/misp/good-feed.ts'
import { attribute, event, HandMadeFeed, hashLine, tombstone } from '../support/misp/hand-made.ts'

/** What the checker says of hashes.csv (MISP-1.3). */

const rows = goodHashes.trim().split('\n')
const withRows = (changed: readonly string[]) => checkWith({ hashes: changed.join('\n') })

t.test('every live value is there, in both spellings, under its event', async t => {
  for (const row of rows) {
    const problems = await withRows(rows.filter(each => each !== row))
    t.strictSame(problems, [`hashes.csv: ${row} is missing`])
  }
})

t.test('nothing else is there', async t => {
  for (const text of ['evil-13.example.org', '443', 'unknown.example.org']) {
    const row = hashLine(text, 1)
    const problems = await withRows([...rows, row].sort())
    t.strictSame(problems, [`hashes.csv: ${row} is of no live value`], text)
  }
})

t.test('it is there when there are live values, and not empty', async t => {
  t.strictSame(await checkWith({ hashes: undefined }), ['hashes.csv: it is missing'])
  t.ok((await checkWith({ hashes: '' })).includes('hashes.csv: line 1 is not md5,uuid'))
  const feed = new HandMadeFeed(event(1, { Attribute: [tombstone(13)] }))
  t.strictSame(await checkFeed(feed.served()), [])
})

t.test('rows have two columns, are unique and in order, without a blank line', async t => {
  const [first, second, ...more] = rows
  const swapped = await withRows([second!, first!, ...more])
  t.strictSame(swapped, ['hashes.csv: line 2 is out of order'])
  const repeated = await withRows([first!, ...rows])
  t.strictSame(repeated, ['hashes.csv: line 2 repeats the one before'])
  const blank = await withRows([...rows, '', ''])
  t.ok(blank.includes('hashes.csv: line 7 is not md5,uuid'))
  const header = await withRows([...rows, 'value,uuid'])
  t.ok(header.includes('hashes.csv: line 7 is not md5,uuid'))
})

t.test('an attribute without to_ids counts until its last_seen, if the time is known', async t => {
  const last_seen = '2027-10-01T00:00:00Z'
  const agent = { type: 'user-agent', value: 'curl', to_ids: false, last_seen }
  const row = hashLine('curl', 1)
  const check = (publishedAt: number | undefined, hasRow: boolean) => {
    const hashes = `${[...rows, ...(hasRow ? [row] : [])].sort().join('\n')}\n`
    const feed = feedWith({ more: [attribute(15, agent)], hashes })
    return checkFeed({ ...feed, ...(publishedAt !== undefined && { publishedAt }) })
  }
  const after = Date.UTC(2027, 9, 1) / 1000
  const before = after - 1
  t.strictSame(await check(undefined, true), [])
  t.strictSame(await check(undefined, false), [])
  t.strictSame(await check(before, true), [])
  t.strictSame(await check(before, false), [`hashes.csv: ${row} is missing`])
  t.strictSame(await check(after, false), [])
  t.strictSame(await check(after, true), [`hashes.csv: ${row} is of no live value`])
})
