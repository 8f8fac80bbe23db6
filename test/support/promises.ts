import type { Answer } from './gateway.ts'
import type { Inspect, Served } from './model-clients.ts'

const anyTs6 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/
const ts6 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}000Z$/

/** What every single answer promises (P-1, P-5, P-6, P-11, P-21, T-3.4-23). */
export function inspector(world: Served): Inspect {
  return (answer: Answer, query) => {
    if (answer.status !== 200) {
      if (![500, 502, 503, 504].includes(answer.status) || answer.status === 500)
        throw new Error(`status ${answer.status}: ${answer.text}`)
      return
    }
    const { objects, more, next } = answer.body
    const [first, last] = ['first', 'last'].map(
      end => answer.headers[`x-taxii-date-added-${end}`] as string
    )
    const check = (isRight: boolean, what: string) => {
      if (!isRight) throw new Error(`${what}: ${query} → ${answer.text.slice(0, 300)}`)
    }
    const form = objects.length > 0 ? ts6 : anyTs6
    check(form.test(first!) && form.test(last!), 'date headers are TS6, of records on milliseconds')
    check(first! <= last!, 'dates ascend')
    const beyond: { modified?: unknown }[] = objects.slice(Number(query.get('limit')), -1)
    // One second, which may show as two where fractions are rounded up, and the group of equal dates behind it.
    const seconds = new Set(beyond.map(({ modified }) => String(modified).slice(0, 19)))
    const isKept = objects.length <= Number(query.get('limit'))
    check(isKept || (query.has('next') && seconds.size <= 4), 'limit is kept, but for one second')
    check((more === true) === (typeof next === 'string'), 'next comes with more')
    check(!more || objects.length > 0, 'a page with more holds something')
    const after = query.get('added_after')
    const isFresh = objects.length > 0 && after !== null && !query.has('next')
    check(!isFresh || Date.parse(first!) > Date.parse(after!), 'added_after is exclusive')
    check(objects.length === 0 || Date.parse(last!) <= world.clock.now() + 1000, 'no future dates')
    const ids = objects.map(({ id }: { id: string }) => id)
    check(new Set(ids).size === ids.length, 'no id twice in a page')
  }
}
