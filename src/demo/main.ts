/** `npm run simulator`: a simulated Sekoia in a process of its own. */
import { parseArgs } from 'node:util'
import { type OddKind, oddKinds } from './corpus/odd.ts'
import { type SimulatorOptions, startSimulator } from './simulator.ts'
import { defaultSwitches, type Switches } from './switches.ts'

const usage = `Usage: npm run simulator -- [options]
  --port P          port to listen on (4000; 0 takes a free one)
  --host H          address to listen on (127.0.0.1)
  --objects N       objects in the corpus (10000)
  --seed S          seed of the corpus (1)
  --history-days D  days that the corpus spans (since 2019-01-01)
  --to DATE         newest object of the corpus (five minutes before the start); fixed, it makes
                    the same corpus at every start
  --order O         text or instant
  --no-bloat        no objects of 3 and 10 kB
  --key K           the API key (sio_simulator)
  --odd K,K,…       odd objects and items spread over the corpus, see odd.ts; \`all\` for each of them
  --file F          serve the STIX objects of a JSON file
  --switch N=V      change an inferred behaviour, see switches.ts; may be repeated
  --help            this text`

const values = readArguments()

if (values.help) console.log(usage)
else await run()

async function run(): Promise<void> {
  const simulator = await startSimulator(readOptions())
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => simulator.close())
  console.log(`Sekoia simulator at ${simulator.url}, ${simulator.size} objects`)
  console.log(`  key   ${simulator.key}`)
  for (const { id, title } of simulator.feeds.values()) console.log(`  feed  ${id}  ${title}`)
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        port: { type: 'string', default: '4000' },
        host: { type: 'string' },
        objects: { type: 'string' },
        seed: { type: 'string' },
        'history-days': { type: 'string' },
        to: { type: 'string' },
        order: { type: 'string' },
        bloat: { type: 'boolean', default: true },
        key: { type: 'string' },
        file: { type: 'string' },
        odd: { type: 'string' },
        switch: { type: 'string', multiple: true, default: [] },
        help: { type: 'boolean', default: false }
      },
      allowNegative: true
    }).values
  } catch (error) {
    return fail((error as Error).message)
  }
}

function readOptions(): SimulatorOptions {
  const { host, order, bloat, key, file } = values
  if (order !== undefined && order !== 'text' && order !== 'instant') fail('--order text|instant')
  const given = {
    port: whole('port', values.port),
    objects: whole('objects', values.objects),
    seed: whole('seed', values.seed),
    to: date('to', values.to),
    odd: values.odd === undefined ? undefined : values.odd.split(',').flatMap(readOdd),
    historyDays: whole('history-days', values['history-days']),
    switches: Object.fromEntries(values.switch.map(readSwitch)) as Partial<Switches>,
    ...{ host, order, bloat, key, file }
  }
  return Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined)
  ) as SimulatorOptions
}

function readOdd(name: string): readonly OddKind[] {
  if (name === 'all') return oddKinds
  const kind = oddKinds.find(kind => kind === name)
  return kind ? [kind] : fail(`unknown odd kind ${name}`)
}

function readSwitch(text: string): [string, unknown] {
  const [name = '', value = ''] = text.split('=')
  if (!(name in defaultSwitches)) fail(`unknown switch ${name}`)
  return [name, /^(true|false|\d+)$/.test(value) ? JSON.parse(value) : value]
}

function whole(name: string, text: string | undefined): number | undefined {
  if (text === undefined || /^\d+$/.test(text)) return text === undefined ? text : Number(text)
  return fail(`--${name} must be a whole number`)
}

function date(name: string, text: string | undefined): number | undefined {
  const millis = text === undefined ? undefined : Date.parse(text)
  return Number.isNaN(millis) ? fail(`--${name} must be a date`) : millis
}

function fail(message: string): never {
  console.error(`${message}\n${usage}`)
  process.exit(2)
}
