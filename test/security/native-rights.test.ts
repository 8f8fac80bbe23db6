import fc from 'fast-check'
import t from 'tap'
import type { Permission } from '../../src/demo/access.ts'
import type { Simulator } from '../../src/demo/simulator.ts'
import { native, nativeWorld, pagePath } from '../support/native-world.ts'

/**
 * What Sekoia has not granted to a key, lately and to that very key, the gateway does not show it, whoever asked for
 * the same before (G5, G6).
 */

const rightsMs = 300_000
const keys = ['key-of-one', 'key-of-another']

interface Ask {
  readonly kind: 'ask'
  readonly key: number
  readonly path: number
}

type Step =
  | Ask
  | { readonly kind: 'permissions'; readonly key: number; readonly permissions: Permission[] }
  | { readonly kind: 'status'; readonly key: number; readonly status: 'ok' | 'revoked' }
  | { readonly kind: 'feeds'; readonly key: number; readonly has: boolean }
  | { readonly kind: 'clock'; readonly ms: number }
  | { readonly kind: 'away' | 'back' }

const key = fc.nat({ max: 1 })

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('ask'), key, path: fc.nat({ max: 2 }) })
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('permissions'),
      key,
      permissions: fc.subarray<Permission>(['viewIntelligence', 'viewFeeds', 'limitedIntelligence'])
    })
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('status'),
      key,
      status: fc.constantFrom('ok', 'revoked')
    })
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('feeds'), key, has: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('clock'),
      ms: fc.constantFrom(11_000, 61_000, 301_000)
    })
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('away', 'back') }) }
)

const custom = '7f1d0c1e-0000-4000-8000-000000000001'

/** Paths, and which calls to Sekoia show that it grants them. */
function pathsOf(simulator: Simulator): [path: string, grant: RegExp][] {
  const id = simulator.visible().find(({ type }) => type === 'malware')!.id
  const relationship = simulator.visible().find(({ type }) => type === 'relationship')!.id
  const marking = 'marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9'
  const sha256 = simulator.attach(id, Buffer.from('a report'))
  const by = (text: string) => new RegExp(text)
  return [
    [`${native}/objects/${marking}`, by('inthreat/objects/[^/]+$')],
    [`${native}/relationships/${relationship}`, by('inthreat/relationships/')],
    [`${native}/objects/${id}/relationships`, by('/relationships$')],
    [`${native}/objects/${id}/context`, by('objects/.*/context$')],
    [`${native}/objects/${id}/files/${sha256}`, by('/files/')],
    [`${native}/indicators?value=a.example&type=domain-name`, by('inthreat/indicators$')],
    [`${native}/indicators/context?value=a.example&type=domain-name`, by('indicators/context$')],
    [`${native}/feeds`, by('inthreat/feeds$')],
    ['/v1/edl-gateway/domain-name', by('edl-gateway')],
    [pagePath('limit=5', custom), by(`${custom}/objects$`)],
    [pagePath('limit=5&return_all_fields=true', custom), by(`${custom}/objects$`)],
    [pagePath('format=text', custom), by(`${custom}/objects$`)]
  ]
}

t.setTimeout(600_000)

t.test('a key is shown only what Sekoia granted to it within rightsSeconds', async t => {
  const run = async (first: number, steps: readonly Step[]): Promise<void> => {
    const { simulator, get } = await nativeWorld(t, {
      simulator: { objects: 200, feeds: [{ id: custom, sort_order: 'asc' }] },
      env: { UPSTREAM_MAX_ATTEMPTS: '1', UPSTREAM_BREAKER_FAILURES: '1000', MISP_ENABLED: 'false' }
    })
    const paths = pathsOf(simulator)
    for (const name of keys) simulator.putKey(name, { feeds: [custom] })
    let isAway = false
    for (const step of steps) {
      if (step.kind === 'clock') simulator.clock.advance(step.ms)
      else if (step.kind === 'away') {
        if (!isAway) await simulator.refuse()
        isAway = true
      } else if (step.kind === 'back') {
        if (isAway) await simulator.reopen()
        isAway = false
      } else if (step.kind === 'ask') await ask(step)
      else if (step.kind === 'feeds')
        simulator.putKey(keys[step.key]!, { feeds: step.has ? [custom] : [] })
      else if (step.kind === 'status') simulator.putKey(keys[step.key]!, { status: step.status })
      else if (step.kind === 'permissions')
        simulator.putKey(keys[step.key]!, { permissions: step.permissions })
    }
    if (isAway) await simulator.reopen()

    async function ask({ key, path: pick }: Ask): Promise<void> {
      const [path, grant] = paths[(first + pick) % paths.length]!
      const name = keys[key]!
      const { status } = await get(path, name)
      if (status !== 200) return
      const now = simulator.clock.now()
      const own = simulator.calls.filter(call => call.key === name)
      const last = own.findLast(call => grant.test(call.path) && call.status > 0)
      const ofKey = own.findLast(call => call.status === 200 || call.status === 401)
      const isLate = !isAway && last !== undefined && last.at <= now - rightsMs
      const isGranted = last?.status === 200 && ofKey?.status === 200 && !isLate
      if (!isGranted)
        throw new Error(`${name} was shown ${path}; Sekoia said ${last?.status} at ${last?.at}`)
    }
  }
  const numRuns = 40
  const steps = fc.array(step, { minLength: 10, maxLength: 60 })
  await fc.assert(fc.asyncProperty(fc.nat({ max: 11 }), steps, run), { seed: 20_260_115, numRuns })
  t.pass(`${numRuns} histories`)
})

t.test('a key that Sekoia refused last is shown nothing while Sekoia is away', async t => {
  const { simulator, get } = await nativeWorld(t, { env: { UPSTREAM_MAX_ATTEMPTS: '1' } })
  const [name = ''] = keys
  simulator.putKey(name)
  const id = simulator.visible().find(({ type }) => type === 'malware')!.id
  const paths = [`${native}/objects/${id}`, `${native}/objects/${id}/context`, `${native}/feeds`]
  for (const path of paths) t.equal((await get(path, name)).status, 200)
  simulator.clock.advance(301_000)
  simulator.putKey(name, { status: 'revoked' })
  t.equal((await get('/v1/auth/validate', name)).status, 401)
  await simulator.refuse()
  simulator.clock.advance(11_000)
  for (const path of paths) t.ok((await get(path, name)).status >= 400, path)
})
