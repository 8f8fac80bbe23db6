import t from 'tap'
import { Pace } from '../../src/feedlog/sync/pace.ts'

const answer = (pace: Pace, ms: number, times: number) => {
  for (let i = 0; i < times; i++) pace.answered(ms)
}

t.test('the number of chains grows by one with each round of answers that are as fast', async t => {
  const pace = new Pace(4)
  t.equal(pace.level, 2)
  answer(pace, 200, 2)
  t.equal(pace.level, 3)
  answer(pace, 220, 2)
  t.equal(pace.level, 3, 'a round is as many answers as chains')
  answer(pace, 220, 1)
  t.equal(pace.level, 4)
  answer(pace, 200, 40)
  t.equal(pace.level, 4, 'no further than it may')
})

t.test(
  'it is halved where answers become slow, and stays where they are a little slower',
  async t => {
    const pace = new Pace(8)
    answer(pace, 100, 2 + 3)
    t.equal(pace.level, 4)
    answer(pace, 200, 4)
    t.equal(pace.level, 4)
    answer(pace, 400, 4)
    t.equal(pace.level, 2)
  }
)

t.test('it is halved at trouble, and one is left', async t => {
  const pace = new Pace(4)
  answer(pace, 0, 2 + 3)
  t.equal(pace.level, 4)
  pace.troubled()
  t.equal(pace.level, 2)
  pace.troubled()
  pace.troubled()
  t.equal(pace.level, 1)
  answer(pace, 0, 1)
  t.equal(pace.level, 2, 'and grows again')
})

t.test('one chain stays one', async t => {
  const pace = new Pace(1)
  answer(pace, 0, 10)
  t.equal(pace.level, 1)
})
