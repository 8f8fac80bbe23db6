import fc from 'fast-check'
import t from 'tap'
import {
  addRedating,
  currentPlace,
  freeDate,
  honestBound,
  noRedatings
} from '../../src/feedlog/journal/redatings.ts'

/** Dates that a wrong clock gave, and what they stand for since (K1). */

const base = Date.UTC(2026, 0, 15, 12)
const dates = fc.array(fc.integer({ min: base + 1, max: base + 3_600_000 }), { maxLength: 700 })

t.test('a date of a clock that was ahead stands for the moment of the new dating', t => {
  fc.assert(
    fc.property(dates, given => {
      const redatings = addRedating(noRedatings, { epoch: 'aa', base }, given)
      if (redatings.misdated.length > 500) throw new Error('bounded')
      for (const date of given)
        if (honestBound(redatings, date) !== base - 1) throw new Error(`${date}`)
      if (honestBound(redatings, base) !== base) throw new Error('others stand for themselves')
    })
  )
  const once = addRedating(noRedatings, { epoch: 'aa', base }, [base + 500])
  const twice = addRedating(once, { epoch: 'bb', base: base + 400 }, [base + 501, base + 9000])
  t.equal(honestBound(twice, base + 500), base - 1, 'what was given twice counts as given first')
  t.equal(honestBound(twice, base + 9000), base + 399)
  t.equal(honestBound(twice, base + 600), base + 600)
  t.end()
})

t.test('no date is given again that clients hold from a wrong clock', t => {
  fc.assert(
    fc.property(dates, fc.integer({ min: base, max: base + 3_600_000 }), (given, date) => {
      const redatings = addRedating(noRedatings, { epoch: 'aa', base }, given)
      const free = freeDate(redatings, date)
      if (free < date || given.includes(free)) throw new Error(`${date} → ${free}`)
    })
  )
  t.equal(freeDate(noRedatings, base), base)
  t.end()
})

t.test('a token of the epoch before goes on where it was, at the latest at the new dating', t => {
  const once = addRedating(noRedatings, { epoch: 'aa', base }, [])
  const redatings = addRedating(once, { epoch: 'bb', base: base + 1000 }, [])
  const place = (epoch: string, date: number) => ({
    epoch,
    date,
    natural: date,
    id: 'x--1',
    segment: 3
  })
  t.same(currentPlace(redatings, 'cc', place('aa', base - 5)), place('cc', base - 5))
  t.match(currentPlace(redatings, 'cc', place('aa', base + 500)), {
    epoch: 'cc',
    date: base,
    id: ''
  })
  t.same(currentPlace(redatings, 'cc', place('bb', base + 500)), place('cc', base + 500))
  t.match(currentPlace(redatings, 'cc', place('bb', base + 5000)), { date: base + 1000, id: '' })
  for (const epoch of ['cc', 'dd'])
    t.same(currentPlace(redatings, 'cc', place(epoch, base + 5000)), place(epoch, base + 5000))
  t.end()
})
