import t from 'tap'
import { Journal } from '../../src/feedlog/journal/journal.ts'
import { type FeedLogDeps, StaleLogError } from '../../src/feedlog/journal/log-deps.ts'
import { JournalWriter } from '../../src/feedlog/journal/writer.ts'
import { Appender } from '../../src/feedlog/sync/appender.ts'
import { silentMeter } from '../../src/kernel/ports.ts'
import { bodyOf, indicatorId } from '../support/bodies.ts'
import { logSettings } from '../support/gateway.ts'
import { noon, storeWith } from '../support/worlds.ts'

/** What another gateway wrote is taken over between the dates of an addition and its commit. */

const hour = 3_600_000

/** Two gateways on one store, which know of a chain from the beginning of the feed. */
async function setUp() {
  const store = storeWith()
  const parts = {
    ...{ store, identity: { name: 'log', feedId: 'feed' }, meter: silentMeter },
    ...{ settings: logSettings, clock: { now: () => noon }, cache: { set: () => {} } }
  } as unknown as FeedLogDeps
  const stored = async () => (await store.load('log'))!
  const first = Journal.create(noon, 1000)
  first.addChain(0)
  await new JournalWriter(first, parts).commit()
  const gateway = async () => {
    const journal = Journal.decode(await stored(), 1000)
    const writer = new JournalWriter(journal, parts)
    const appender = new Appender(journal, parts, writer)
    const takeOver = async () => journal.update(await stored())
    return { journal, writer, appender, takeOver }
  }
  return { stored, mine: await gateway(), other: await gateway() }
}

/** An object of so many hours ago, during whose addition something happens. */
function addition(hoursAgo: number, meanwhile = () => {}) {
  const time = new Date(noon - hoursAgo * hour).toISOString()
  return {
    body: bodyOf([{ id: indicatorId(hoursAgo), time }]),
    source: {},
    floor() {
      meanwhile()
      return undefined
    },
    advance: () => {}
  }
}

/** Adds an object while the other gateway does its work, and what that one wrote is taken over. */
async function addMeanwhile(
  { mine, start }: { mine: Awaited<ReturnType<typeof setUp>>['mine']; start?: number },
  work: () => Promise<unknown>
) {
  const chain = start === undefined ? mine.journal.chains[0]! : mine.journal.addChain(start)
  const meanwhile = () => {
    mine.writer.inTurn(async () => {
      await work()
      await mine.takeOver()
    })
  }
  await mine.appender.append(chain, addition(1, meanwhile))
}

const hoursAgo = (date: number) => Math.round((noon - date) / hour)

const datesIn = ({ chains }: Journal) =>
  chains.flatMap(({ heads }) =>
    heads.map(({ firstDate, lastDate }) => [firstDate, lastDate].map(hoursAgo))
  )

t.test('a segment of a chain that the log knows no more is not written down', async t => {
  const { mine, other, stored } = await setUp()
  const adding = addMeanwhile({ mine, start: noon - 5 * hour }, () => other.writer.commit())
  await t.rejects(adding, StaleLogError)
  t.strictSame(datesIn(Journal.decode(await stored(), 1000)), [])
})

t.test('a segment does not take the place of another gateway’s', async t => {
  const { mine, other, stored } = await setUp()
  const work = () => other.appender.append(other.journal.chains[0]!, addition(3))
  await t.rejects(addMeanwhile({ mine }, work), StaleLogError)
  t.strictSame(datesIn(Journal.decode(await stored(), 1000)), [[3, 3]])
  mine.appender.forget()
  await mine.appender.append(mine.journal.chains[0]!, addition(1))
  const decoded = Journal.decode(await stored(), 1000)
  t.strictSame(datesIn(decoded), [
    [3, 3],
    [1, 1]
  ])
})

t.test('no number is given twice', async t => {
  const { mine, other, stored } = await setUp()
  await t.rejects(
    addMeanwhile({ mine }, () => other.writer.commit()),
    StaleLogError
  )
  const [chain] = mine.journal.chains
  await mine.appender.append(chain!, addition(3))
  mine.appender.forget()
  await mine.appender.append(chain!, addition(2))
  t.equal(datesIn(Journal.decode(await stored(), 1000)).length, 2)
})
