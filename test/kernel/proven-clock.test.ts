import t from 'tap'
import { createProvenClock, type Witness } from '../../src/kernel/proven-clock.ts'

const noon = Date.UTC(2026, 0, 15, 12)

/** A machine whose clock is `skewMs` ahead of Sekoia's. */
function scene(skewMs: number) {
  let passed = 500
  const machine = { skewMs }
  const corrections: number[] = []
  const disagreements: number[] = []
  const clock = createProvenClock({
    wall: () => noon + passed + machine.skewMs,
    monotonic: () => passed,
    onCorrected: ms => corrections.push(ms),
    onDisagreed: ms => disagreements.push(ms)
  })
  /** An answer that takes `ms`, with Sekoia's time cut to the second. */
  const answer = (ms = 100, wrongBy = 0, witness: Witness = 'sekoia') => {
    const from = clock.elapsed()
    passed += ms
    const told = Math.floor((noon + passed + wrongBy) / 1000) * 1000
    clock.observe({ told, from, to: clock.elapsed() }, witness)
  }
  const store = (wrongBy = 0) => answer(1, wrongBy, 'store')
  const pass = (ms: number) => {
    passed += ms
  }
  return {
    clock,
    machine,
    corrections,
    disagreements,
    answer,
    store,
    pass,
    truth: () => noon + passed
  }
}

t.test('time passes by the monotonic source: a jump of the machine changes nothing', async t => {
  const { clock, machine, answer, pass, truth } = scene(0)
  for (const jump of [3_600_000, -3_600_000, 400 * 86_400_000]) {
    machine.skewMs = jump
    pass(1000)
    answer()
    t.equal(clock.now(), truth())
  }
})

t.test('a clock that was wrong at the start is right after the first answer', async t => {
  for (const skewMs of [90_000, 3_600_000, -3_600_000, 400 * 86_400_000]) {
    const { clock, corrections, answer, truth } = scene(skewMs)
    answer()
    t.ok(Math.abs(clock.now() - truth()) <= 1100, `${skewMs}: off by ${clock.now() - truth()}`)
    t.equal(corrections.length, 1)
    t.equal(Math.sign(corrections[0]!), -Math.sign(skewMs))
  }
})

t.test(
  'no more than what is proven is corrected: an answer that took long proves less',
  async t => {
    const { clock, answer, truth } = scene(60_000)
    answer(20_000)
    t.ok(clock.now() - truth() >= 0 && clock.now() - truth() <= 21_000)
  }
)

t.test(
  'once right, a clock is not moved by one answer that is wrong, but by three that agree',
  async t => {
    const { clock, corrections, answer, pass, truth } = scene(0)
    answer()
    answer(100, -3_600_000)
    answer(100)
    for (const wrongBy of [-3_600_000, -7_200_000, 60_000]) answer(100, wrongBy)
    t.same(corrections, [])
    t.equal(clock.now(), truth())
    for (let i = 0; i < 3; i++) {
      pass(1000)
      answer(100, 60_000)
    }
    t.equal(corrections.length, 1)
    t.ok(Math.abs(clock.now() - truth() - 60_000) <= 1100)
  }
)

t.test('elapsed time never jumps, whatever is corrected', async t => {
  const { clock, answer, pass } = scene(400 * 86_400_000)
  const before = clock.elapsed()
  answer(100)
  pass(50)
  t.equal(clock.elapsed() - before, 150)
})

t.test('what is proven, and since when, is known: a correction alone proves nothing', async t => {
  const { clock, answer } = scene(90_000)
  t.equal(clock.provenAt(), Number.NEGATIVE_INFINITY)
  t.notOk(clock.isProven())
  answer()
  t.ok(clock.isProven(), 'it goes by what Sekoia told')
  t.equal(clock.provenAt(), Number.NEGATIVE_INFINITY, 'put right')
  const asked = clock.elapsed()
  answer()
  t.equal(clock.provenAt(), asked, 'and the next answer agrees')
  answer(100, 3_600_000)
  t.equal(clock.provenAt(), asked, 'which one that disagrees does not change')
})

t.test('before Sekoia has spoken the clock of the store puts ours right', async t => {
  const { clock, corrections, store, answer, truth } = scene(3_600_000)
  store()
  t.notOk(clock.isProven(), 'it is no proof')
  t.ok(Math.abs(clock.now() - truth()) <= 1100)
  answer()
  store()
  t.equal(corrections.length, 1)
})

t.test(
  'where the clock of the store and Sekoia differ Sekoia wins, and it is told once',
  async t => {
    for (const storeFirst of [true, false]) {
      const { clock, disagreements, store, answer, truth } = scene(0)
      if (storeFirst) store(3_600_000)
      answer()
      for (let i = 0; i < 5; i++) store(3_600_000)
      t.ok(Math.abs(clock.now() - truth()) <= 1100, `off by ${clock.now() - truth()}`)
      t.equal(disagreements.length, 1)
      t.ok(Math.abs(disagreements[0]! - 3_600_000) <= 1100, `${disagreements}`)
      store()
      store(3_600_000)
      answer()
      t.equal(disagreements.length, 2, 'and again when it was right in between')
      t.ok(Math.abs(clock.now() - truth()) <= 1100)
    }
  }
)

t.test('a store that agreed with Sekoia puts the clock right while Sekoia is silent', async t => {
  const { clock, machine, store, answer } = scene(0)
  answer()
  store()
  const paused = 3_600_000
  for (let i = 0; i < 2; i++) {
    store(paused)
    t.ok(Math.abs(clock.now() - noon) < 60_000, 'not at its first word')
  }
  store(paused)
  t.ok(Math.abs(clock.now() - noon - paused) < 60_000)
  t.equal(machine.skewMs, 0)
})
