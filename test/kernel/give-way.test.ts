import t from 'tap'
import { atEndOfTurn, atOnce, giveWay, inPieces, type Work } from '../../src/kernel/give-way.ts'

/** Longer than any piece may last. */
function beBusy(): void {
  const until = performance.now() + 6
  while (performance.now() < until);
}

/** So many steps, each as long as a piece, after each of which it may be interrupted. */
function* steps(count: number, onStep: (step: number) => void): Work<number> {
  for (let step = 0; step < count; step++) {
    onStep(step)
    beBusy()
    yield
  }
  return count
}

t.test(
  'what comes in while work is under way waits for a piece of it, not for the end',
  async t => {
    const seen: (number | string)[] = []
    setTimeout(() => seen.push('came in'), 1)
    await inPieces(steps(10, step => seen.push(step)))
    t.ok(seen.indexOf('came in') <= 3, seen.join(' '))
  }
)

t.test('several works have their pieces in turn, one in each turn of the event loop', async t => {
  let turn = 0
  let isOver = false
  const count = () => {
    turn++
    if (!isOver) setImmediate(count)
  }
  setImmediate(count)
  await giveWay()
  const seen: { work: string; turn: number }[] = []
  const work = (name: string) =>
    inPieces(steps(4, () => seen.push({ work: name, turn }))).finally(() => {
      isOver = true
    })
  await Promise.all(['a', 'b', 'c'].map(work))
  const later = seen.slice(3)
  t.equal(later.map(({ work }) => work).join(''), 'abcabcabc')
  t.equal(new Set(later.map(({ turn }) => turn)).size, later.length)
})

t.test(
  'all that wait at the same time have their turn, in the order in which they came',
  async t => {
    const seen: number[] = []
    await Promise.all([0, 1, 2, 3].map(n => giveWay().then(() => seen.push(n))))
    t.strictSame(seen, [0, 1, 2, 3])
  }
)

t.test('the end of a turn comes before the next piece of work, and without any work', async t => {
  const seen: string[] = []
  const piece = giveWay().then(() => seen.push('piece'))
  atEndOfTurn(() => seen.push('end'))
  atEndOfTurn(() => seen.push('end again'))
  t.strictSame(seen, [])
  await piece
  t.strictSame(seen, ['end', 'end again', 'piece'])
  await new Promise<void>(atEndOfTurn)
})

t.test('work comes to the same end in pieces and at once', async t => {
  t.equal(await inPieces(steps(3, () => {})), 3)
  t.equal(atOnce(steps(3, () => {})), 3)
  function* failing(): Work<never> {
    yield
    throw new Error('no')
  }
  await t.rejects(inPieces(failing()), { message: 'no' })
  t.throws(() => atOnce(failing()), { message: 'no' })
})
