import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { slicePage } from '../../src/stix/slice.ts'
import { damaged, soundObjects } from '../support/damage.ts'
import { preparePython, pythonTimeoutMs, runScript } from '../support/python.ts'

/** What the repair rules make of damaged objects, as stix2 and stix2-validator (both OASIS) see it. */

interface Judgement {
  readonly parses: boolean
  /** Null where the validator itself fails on the object. */
  readonly errors: readonly string[] | null
}

const errorCount = ({ errors }: Judgement): number => errors?.length ?? Number.POSITIVE_INFINITY

interface Repaired {
  readonly object: Record<string, unknown>
  readonly result: Record<string, unknown>
  readonly rules: readonly string[]
}

t.setTimeout(pythonTimeoutMs)
preparePython()

const count = 1500

function repair(object: Record<string, unknown>): Repaired {
  const rules: string[] = []
  const body = Buffer.from(JSON.stringify({ items: [object], next_cursor: null }))
  const { bytes } = slicePage(body, { repair: true, onRepair: rule => rules.push(rule) })
  return { object, result: JSON.parse(bytes.toString()), rules }
}

async function judge(t: Test, all: readonly Repaired[]): Promise<[Judgement, Judgement][]> {
  const file = join(t.testdir(), 'pairs.json')
  writeFileSync(file, JSON.stringify(all.map(({ object, result }) => [object, result])))
  return runScript('repair.py', [file])
}

t.test('sound objects are sound, and leave as they came', async t => {
  const all = soundObjects.map(repair)
  for (const [before, after] of await judge(t, all)) {
    t.same(before, { parses: true, errors: [] })
    t.same(after, before)
  }
  for (const { object, result, rules } of all) t.same([result, rules], [object, []])
})

t.test('property: repair makes nothing worse, and what stays invalid is counted', async t => {
  const all = fc
    .sample(damaged, { seed: 20_261_127, numRuns: count })
    .map(({ object }) => repair(object))
  const judgements = await judge(t, all)
  let mended = 0
  for (const [i, [before, after]] of judgements.entries()) {
    const { object, result, rules } = all[i]!
    const told = JSON.stringify({ object, result, rules, before, after })
    if (before.parses && !after.parses) t.fail(`parsed before: ${told}`)
    if (errorCount(after) > errorCount(before)) t.fail(`more errors: ${told}`)
    const isSound = after.parses && errorCount(after) === 0
    if (!isSound && !rules.includes('unrepaired')) t.fail(`not counted: ${told}`)
    if (isSound && errorCount(before) > 0) mended++
  }
  t.ok(mended > count / 3, `${mended} of ${count} were mended`)
})

t.test('Sekoia’s TLP markings go out as the constants of STIX 2.1', async t => {
  const uuids = {
    white: '613f2e26-407d-48c7-9eca-b8e91df99dc9',
    green: '34098fce-860f-48ae-8e50-ebd3cc5e41da',
    amber: 'f88d31f6-486f-44da-b317-01333bde0b82',
    red: '5e57c739-391a-4eb3-b6be-7d15ca92d5ed'
  }
  const all = Object.entries(uuids).map(([tlp, uuid]) =>
    repair({
      type: 'marking-definition',
      id: `marking-definition--${uuid}`,
      created: '2019-10-31T16:57:02.018068Z',
      modified: null,
      definition_type: 'tlp',
      definition: { tlp },
      name: `TLP:${tlp.toUpperCase()}`,
      object_marking_refs: [`marking-definition--${uuids.green}`],
      x_ic_deprecated: false
    })
  )
  for (const [i, [before, after]] of (await judge(t, all)).entries()) {
    t.notOk(before.parses)
    t.same(after, { parses: true, errors: [] })
    t.same(all[i]!.rules, ['marking'])
    t.same(repair(all[i]!.result).rules, [])
  }
})
