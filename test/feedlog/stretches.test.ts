import t from 'tap'
import type { Chain } from '../../src/feedlog/journal/chain.ts'
import { Journal } from '../../src/feedlog/journal/journal.ts'
import type { SegmentHead } from '../../src/feedlog/journal/segment-head.ts'
import { type CutTerms, nextCut, stretchesFrom } from '../../src/feedlog/sync/stretches.ts'

const dayMs = 86_400_000
const from = Date.UTC(2024, 0, 1)
const now = from + 1000 * dayMs

function head(journal: Journal, chain: Chain, readUpTo: number, count = 2000): void {
  const no = journal.nextNumber()
  const date = readUpTo + dayMs / 2
  journal.put(
    {
      ...{ no, stamp: 'x', chain: chain.start, kind: 'history', source: {}, count, readUpTo },
      ...{ firstDate: readUpTo, lastDate: date, minNatural: readUpTo, maxNatural: date },
      ...{ stored: [], supersedes: [], superseded: [] }
    } satisfies SegmentHead,
    []
  )
}

/** A journal whose first chain has read `pages`, a day each. */
function journalOf(pages: number) {
  const journal = Journal.create(now, 1000)
  const first = journal.addChain(0)
  for (let day = 0; day < pages; day++) head(journal, first, from + day * dayMs)
  return { journal, first }
}

const terms = (journal: Journal, more: Partial<CutTerms> = {}): CutTerms => ({
  ...{ journal, front: journal.chains[0]!, latest: now - dayMs, now },
  ...{ pageLimit: 2000, share: 0.04, minPages: 4, isBusy: () => false, ...more }
})

t.test('what is left is cut in the middle, and the longer half next', async t => {
  const { journal } = journalOf(20)
  const first = nextCut(terms(journal))!
  t.ok(Math.abs(first.start - (from + 510 * dayMs)) < dayMs)
  t.equal(first.isSound, false, 'a page a day is too dense to be sought much earlier')
  const second = journal.addChain(first.start)
  t.equal(nextCut(terms(journal))?.stretch.chain, undefined, 'not before it has begun')
  head(journal, second, first.start + 1)
  head(journal, second, first.start + dayMs)
  const next = nextCut(terms(journal, { share: 1 }))!
  t.ok(next.start > from + 19 * dayMs && next.start !== first.start)
})

t.test('a feed of a page or a few is not cut, nor one that is read to its end', async t => {
  const { journal, first } = journalOf(20)
  t.equal(nextCut(terms(journal, { now: from + 22 * dayMs, latest: from + 21 * dayMs })), undefined)
  first.link()
  t.strictSame(stretchesFrom(terms(journal)), [])
})

t.test('no chain starts later than it may, or close ahead of a page on its way', async t => {
  const { journal } = journalOf(20)
  const latest = from + 400 * dayMs
  t.equal(nextCut(terms(journal, { latest }))?.start, latest)
  t.equal(nextCut(terms(journal, { latest: from + 30 * dayMs })), undefined)
  const isBusy = () => true
  t.ok(nextCut(terms(journal, { isBusy })))
  const nearly = { now: from + 27 * dayMs, latest: from + 26 * dayMs, share: 1 }
  t.ok(nextCut(terms(journal, nearly)))
  t.equal(nextCut(terms(journal, { ...nearly, isBusy })), undefined)
})

t.test('no more is cut than the calls of one walk allow', async t => {
  const { journal } = journalOf(20)
  const { chains } = journal
  for (;;) {
    const cut = nextCut(terms(journal))
    if (!cut) break
    const chain = journal.addChain(cut.start)
    t.equal(cut.isSound, false)
    head(journal, chain, cut.start + 1)
    chain.beginWithCursors(cut.start + dayMs / 2)
    head(journal, chain, cut.start + dayMs)
  }
  // A thousand pages, and 1.5 calls for a cut, sometimes somewhat more.
  t.ok(chains.length > 10, `${chains.length} chains`)
  t.ok((chains.length - 1) * 1.5 <= 0.04 * 1000)
})

t.test('a chain in which nothing was found says that nothing is there', async t => {
  const { journal } = journalOf(20)
  journal.addChain(from + 500 * dayMs).link()
  t.equal(stretchesFrom(terms(journal))[0]?.pages, 0)
})

t.test('a bulk import at the end of a chain does not make what follows long', async t => {
  const { journal, first } = journalOf(20)
  const [before] = stretchesFrom(terms(journal))
  for (let page = 0; page < 10; page++) head(journal, first, from + 20 * dayMs + page * 60_000)
  const [after] = stretchesFrom(terms(journal))
  t.ok(after!.pages < 2 * before!.pages, `${after!.pages} pages after ${before!.pages}`)
})
