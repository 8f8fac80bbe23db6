import t from 'tap'
import { ApiKey, type ScopeId } from '../../src/kernel/caller.ts'
import { silentMeter } from '../../src/kernel/ports.ts'
import { AnswerCache } from '../../src/native/cache/answer-cache.ts'
import { KeptAnswers, type Question } from '../../src/native/cache/kept-answers.ts'
import { policies } from '../../src/native/cache/policy.ts'
import { createMemoryAnswers } from '../../src/stores/memory-answers.ts'

t.test(
  'a hit may be given again until it is another second, too old, refused or renewed',
  async t => {
    let now = 1_000_000
    let isAllowed = true
    let asked = 0
    const clock = { now: () => now, sleep: async () => {} }
    const store = createMemoryAnswers({ maxBytes: 2 ** 20, clock })
    const cache = new AnswerCache({ store, meter: silentMeter, maxBytes: 2 ** 20 })
    const kept = new KeptAnswers({
      cache,
      clock,
      raw: {
        ask: async (_caller, _request, read) => {
          const body = Buffer.from(`${++asked}`)
          return read({ status: 200, contentType: 'application/json', cursor: undefined, body })
        }
      },
      rights: {
        accepted() {},
        failed() {},
        isRecent: () => isAllowed,
        recency: () => () => isAllowed,
        lastVerdict: async () => 'yes'
      }
    })
    const scope = 'scope-of-one' as ScopeId
    const question: Question = {
      caller: { key: new ApiKey('key'), scope },
      name: 'a',
      request: { method: 'GET', target: '/v2/inthreat/indicators', endpoint: 'indicators' },
      policy: policies.lookUp,
      right: 'native:indicators',
      waitMs: 1000,
      signal: new AbortController().signal,
      read: () => ({ isMiss: false, ids: ['indicator--1'] })
    }
    const hit = async () => {
      await kept.ask(question)
      const { use, validity, answer } = await kept.ask(question)
      t.equal(use, 'hit')
      t.ok(validity!(now))
      return { isValid: () => validity!(now), text: answer.body.toString() }
    }

    const first = await hit()
    now += 1000
    t.notOk(first.isValid(), 'its age is another')

    const second = await hit()
    isAllowed = false
    t.notOk(second.isValid(), 'the key is not allowed to see it any more')
    isAllowed = true
    t.ok(second.isValid())

    cache.forget(scope, [], ['indicator--1'])
    t.notOk(second.isValid(), 'it is forgotten')
    const third = await hit()
    t.not(third.text, second.text)
    t.notOk(second.isValid(), 'there is another in its place')
    t.ok(third.isValid())
    await cache.settle()
  }
)
