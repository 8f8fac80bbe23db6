import t, { type Test } from 'tap'
import { startSimulator } from '../../src/demo/simulator.ts'
import { startGateway } from '../support/gateway-process.ts'
import { preparePython, pythonTimeoutMs, runScript } from '../support/python.ts'
import { bundleFiles } from '../support/sample-bundle.ts'

/** stix2-validator (OASIS) over what the gateway serves: STIX 2.1, what is a must there, without references. */

/** What the repair rules (src/stix/repair.ts) leave as it is, on purpose. */
const outsideTheRules: readonly { readonly message: RegExp; readonly reason: string }[] = [
  {
    message: /^'pattern_type' is a required property$/,
    reason: 'Sekoia does not say in which language the pattern is; a guess could be wrong.'
  },
  {
    message: /^external_references\[\d+\]\.url: '.*' is not a 'uri'$/,
    reason: 'What the link should be is known to nobody here, and a reader may still make it out.'
  },
  {
    message: /^external_references\[\d+\]: If the external reference is a CVE/,
    reason:
      'STIX wants a description, url or external_id in every reference; one that has only its ' +
      '`source_name` still says something, and nothing can be made up for it.'
  },
  {
    message: /^'modified' \(\S+\) must be later than or equal to 'created' \(\S+\)$/,
    reason:
      'Both are timestamps in the right form. `modified` names the version everywhere, so it is ' +
      'not changed, and `created` must be the same in all versions.'
  }
]

/** An error that shows that a rule is needed. */
const mended = {
  'spec-version': /^'spec_version' is a required property$/,
  null: /null properties are not allowed/,
  empty: /empty arrays are not allowed/,
  timestamp: /does not match the timestamp format/
}

interface Validation {
  readonly checked: number
  readonly errors: { readonly id: string; readonly message: string }[]
}

t.setTimeout(pythonTimeoutMs)
preparePython()

const feed = { objects: 20_000, to: Date.UTC(2025, 0, 1) }
const met = new Set<string>()

t.test('repaired, a simulated feed has no error but those outside the rules', async t => {
  const { url, key } = await simulate(t, feed)
  const { checked, errors } = await validate(t, { url, key, every: 10 })
  t.equal(checked, 2000)
  onlyOutsideTheRules(t, errors)
})

for (const { title, path } of bundleFiles(t)) {
  t.test(`repaired, ${title} has no error but those outside the rules`, async t => {
    const { url, key, size } = await simulate(t, { file: path })
    const { checked, errors } = await validate(t, { url, key, every: 1 })
    t.equal(checked, size)
    onlyOutsideTheRules(t, errors)
  })
}

t.test('each error outside the rules was met, so that the list holds none in vain', async t => {
  const unmet = outsideTheRules.filter(({ message }) => !met.has(message.source))
  t.strictSame(unmet, [])
})

t.test('raw, the same feed has every error that a rule mends', async t => {
  const { url, key } = await simulate(t, feed)
  const { checked, errors } = await validate(t, { url, key, every: 40, repair: 'off' })
  t.equal(checked, 500)
  for (const [rule, message] of Object.entries(mended)) {
    t.ok(
      errors.some(error => message.test(error.message)),
      rule
    )
  }
})

async function simulate(t: Test, options: Parameters<typeof startSimulator>[0]) {
  const simulator = await startSimulator(options)
  t.teardown(() => simulator.close())
  return simulator
}

interface ValidateOptions {
  readonly url: string
  readonly key: string
  /** 10 takes every tenth object. */
  readonly every: number
  readonly repair?: 'on' | 'off'
}

async function validate(t: Test, options: ValidateOptions): Promise<Validation> {
  const { url, key, every, repair } = options
  const env = { SEKOIA_URL: url, ...(repair && { STIX_REPAIR: repair }) }
  const { discovery } = await startGateway(t, env)
  return runScript('validate.py', [discovery, key, String(every)])
}

function onlyOutsideTheRules(t: Test, errors: Validation['errors']): void {
  const inside = errors.filter(error => {
    const known = outsideTheRules.find(({ message }) => message.test(error.message))
    if (known) met.add(known.message.source)
    return !known
  })
  t.strictSame(inside.slice(0, 10), [])
}
