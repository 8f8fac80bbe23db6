import { hash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { IdSet } from '../../src/misp/walk.ts'

/** The set of ids that a walk fills does what a set of texts does, with 8 bytes an id. */

/** Random bits that are the same in each run. */
const idOf = (n: number): string => {
  const digits = hash('md5', `${n}`)
  const parts = [
    [0, 8],
    [8, 12],
    [13, 16],
    [17, 20],
    [20, 32]
  ] as const
  const [a, b, c, d, e] = parts.map(([from, to]) => digits.slice(from, to))
  return `indicator--${a}-${b}-4${c}-8${d}-${e}`
}

t.test('ids that were added are found, and no others, whenever it is asked', async t => {
  const step = fc.record({ isAdded: fc.boolean(), n: fc.nat(60) })
  const steps = fc.array(step, { maxLength: 60 })
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(steps, fc.constantFrom(0, 1000, 2500), (steps, before) => {
        const ids = new IdSet()
        const model = new Set<string>()
        const add = (id: string) => {
          ids.add(id)
          model.add(id)
        }
        for (let n = 0; n < before; n++) add(idOf(1000 + n))
        return steps.every(({ isAdded, n }) => {
          if (isAdded) add(idOf(n))
          return [n, 1000 + n, 3499 - n].every(no => ids.has(idOf(no)) === model.has(idOf(no)))
        })
      }),
      { seed: 20_260_115, numRuns: 200 }
    )
  )
})

t.test('a set without ids has none', async t => {
  t.equal(new IdSet().has(idOf(1)), false)
  t.equal(new IdSet().has('indicator--00000000-0000-4000-8000-000000000000'), false)
})
