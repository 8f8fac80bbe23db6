import t from 'tap'
import { createSecretWatch } from '../../src/auth/secret-watch.ts'
import type { DocumentStore } from '../../src/kernel/ports.ts'
import { createMemoryDocuments } from '../../src/stores/memory-documents.ts'

/** Gateways on one store whose secrets differ. */

function scene() {
  const documents: DocumentStore = { ...createMemoryDocuments({ maxBytes: 1_000_000 }) }
  let now = Date.UTC(2026, 0, 1)
  const clock = { now: () => now, sleep: async () => {} }
  const gateway = (secret: number) => {
    const lines: string[] = []
    const logger = { error: (_fields: object, message: string) => void lines.push(message) }
    return {
      lines,
      ...createSecretWatch({ documents, clock, logger, secret: Buffer.alloc(32, secret) })
    }
  }
  const pass = (minutes: number) => {
    now += minutes * 60_000
  }
  return { documents, gateway, pass }
}

t.test('gateways with different secrets notice each other, and each says so once', async t => {
  const { gateway } = scene()
  const [a, b] = [gateway(1), gateway(2)]
  t.equal(await a.check(), 0)
  for (let i = 0; i < 2; i++) for (const each of [b, a]) t.equal(await each.check(), 1)
  for (const { lines } of [a, b]) {
    t.match(lines, [/another access\.secret/])
    t.equal(lines.length, 1)
  }
})

t.test(
  'gateways with one secret have nothing to say, and one that is gone is forgotten',
  async t => {
    const { gateway, pass } = scene()
    const [a, b, other] = [gateway(1), gateway(1), gateway(2)]
    await other.check()
    pass(10)
    t.equal(await a.check(), 0)
    t.equal(await b.check(), 0)
    t.same([...a.lines, ...b.lines], [])
  }
)

t.test('nothing of a secret is in the store, and a store in trouble says nothing', async t => {
  const { documents, gateway } = scene()
  await gateway(1).check()
  for await (const batch of documents.scan('gateways', 'secrets'))
    for (const { key } of batch) {
      t.match(key, /^[0-9a-f]{16}$/)
      t.notMatch(key, /^(?:01)+$/)
    }
  documents.version = () => Promise.reject(new Error('down'))
  t.equal(await gateway(2).check(), 0)
})
