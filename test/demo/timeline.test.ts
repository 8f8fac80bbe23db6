import fc from 'fast-check'
import t from 'tap'
import { Corpus } from '../../src/demo/corpus/corpus.ts'
import { microsOf, microsOfRank, rankOf, textOf } from '../../src/demo/corpus/timeline.ts'

const span = { from: Date.UTC(2019, 0, 1), to: Date.UTC(2026, 0, 1), bloat: true }
const micros = fc.oneof(
  fc.integer({ min: 1546300800, max: 1767225600 }).map(second => second * 1e6),
  fc.integer({ min: 1546300800000, max: 1546300900000 }).map(millis => millis * 1000),
  fc.integer({ min: 1546300800000000, max: 1546300800300000 })
)

t.test('item 4: the rank of a time sorts as its text does', async t => {
  fc.assert(
    fc.property(micros, micros, (left, right) => {
      const byText = textOf(left) < textOf(right)
      return byText === rankOf(left) < rankOf(right) && microsOfRank(rankOf(left)) === left
    }),
    { seed: 4, numRuns: 2000 }
  )
  t.equal(textOf(1604587562818960), '2020-11-05T14:46:02.81896Z')
  t.equal(textOf(1604587562000000), '2020-11-05T14:46:02Z')
})

t.test('item 4: text is read back to the same microsecond', async t => {
  fc.assert(
    fc.property(micros, time => microsOf(textOf(time)) === time),
    { seed: 5 }
  )
  t.equal(microsOf('2020-11-05T16:46:02.5+02:00'), 1604587562500000)
  t.equal(microsOf('yesterday'), undefined)
})

t.test(
  'item 4: the corpus comes out as a naive sort of its texts, which is not that of instants',
  async t => {
    const corpus = new Corpus({ seed: 7, objects: 20_000, order: 'text', ...span })
    const indices = Array.from({ length: corpus.size }, (_, index) => index)
    const texts = indices.map(index => corpus.modified(index))
    t.same(texts, [...texts].sort())
    t.equal(new Set(texts).size, texts.length, 'all differ')
    for (let first = 0; first < corpus.size; first += 2000) {
      const times = indices.slice(first, first + 2000).map(index => corpus.micros(index))
      t.ok(times.some((time, at) => at > 0 && time < times[at - 1]!))
    }
  }
)

t.test('item 4: order by instant is a switch', async t => {
  const corpus = new Corpus({ seed: 7, objects: 5000, order: 'instant', ...span })
  for (let index = 1; index < corpus.size; index++) {
    if (corpus.micros(index) <= corpus.micros(index - 1)) t.fail(`at ${index}`)
  }
  t.equal(corpus.size, 5000)
})

t.test('item 20: bursts put hundreds of objects into few seconds', async t => {
  const corpus = new Corpus({ seed: 7, objects: 20_000, order: 'text', ...span })
  const seconds = new Set<string>()
  for (let index = 0; index < corpus.size; index++) seconds.add(corpus.modified(index).slice(0, 19))
  t.ok(seconds.size < 200, `${seconds.size} seconds`)
  t.ok(corpus.micros(0) >= span.from * 1000)
  t.ok(corpus.micros(19_999) <= span.to * 1000)
})
