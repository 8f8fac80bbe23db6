import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { configOptions } from '../../src/config/options.ts'
import { counters, gauges, histograms } from '../../src/ops/metric-table.ts'
import { version } from '../../src/ops/version.ts'
import { programOf } from '../support/system-package.ts'

/** config/deploy/: what is written there for other programs fits the gateway, and those programs take it. */

const folder = fileURLToPath(new URL('../../config/deploy', import.meta.url))
const read = (path: string) => readFileSync(join(folder, path), 'utf8')
const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter(file => file.isFile())
  .map(file => join(file.parentPath, file.name).slice(folder.length + 1))

const promtool = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(
    programOf('prometheus', 'usr/bin/promtool'),
    [...args],
    { cwd: join(folder, 'prometheus'), encoding: 'utf8' }
  )
  return { status, text: stdout + stderr }
}

interface Dashboard {
  readonly panels: readonly {
    readonly title: string
    readonly targets: readonly { expr: string }[]
  }[]
}

const dashboard = JSON.parse(read('grafana/dashboard.json')) as Dashboard
const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))

t.test('Prometheus takes its configuration', async t => {
  const { status, text } = promtool('check', 'config', 'prometheus.yml')
  t.equal(status, 0, text)
})

t.test('the alerts fire when they should, and not before', async t => {
  const { status, text } = promtool('test', 'rules', 'alerts.test.yml')
  t.equal(status, 0, text)
})

t.test('every alert has a test', async t => {
  const alerts = [...read('prometheus/alerts.yml').matchAll(/- alert: (\w+)/g)].map(
    ([, name]) => name
  )
  const tests = read('prometheus/alerts.test.yml')
  t.ok(alerts.length > 5)
  for (const name of alerts) t.match(tests, `alertname: ${name}`)
})

t.test('Prometheus takes every expression of the dashboard', async t => {
  const rules = expressions.map((expr, n) => ({
    record: `panel:expression:${n}`,
    expr: expr.replaceAll('$__rate_interval', '5m')
  }))
  const path = join(t.testdir(), 'rules.yml')
  writeFileSync(path, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }))
  const { status, text } = promtool('check', 'rules', path)
  t.equal(status, 0, text)
})

t.test('alerts and dashboard name no metric that the gateway does not serve', async t => {
  const served = new Set([
    ...Object.keys(counters).map(name => `${name}_total`),
    ...Object.keys(histograms).flatMap(name => [`${name}_seconds_bucket`]),
    ...Object.keys(gauges)
  ])
  const text = [read('prometheus/alerts.yml'), ...expressions].join('\n')
  const named = [...text.matchAll(/sekoia_gateway_(\w+)/g)].map(([, name]) => name!)
  t.ok(named.length > 20)
  t.strictSame(
    [...new Set(named)].filter(name => !served.has(name)),
    []
  )
})

t.test('every variable that the files name is an option of the gateway, or of Node', async t => {
  const known = new Set([
    ...configOptions.flatMap(({ envName }) => [envName, `${envName}_FILE`]),
    'NODE_ENV',
    'MALLOC_ARENA_MAX',
    'MALLOC_MMAP_THRESHOLD',
    'MALLOC_TRIM_THRESHOLD'
  ])
  const own = files.filter(path => /\.(service|conf|yaml|yml|tpl)$|Caddyfile$/.test(path))
  for (const path of own) {
    const named = [...read(path).matchAll(/(?<![\w$@])([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b/g)]
    const strange = named.map(([, name]) => name!).filter(name => !known.has(name))
    t.strictSame(
      strange.filter(name => !/^AF_|^CAP_/.test(name)),
      [],
      path
    )
  }
})

t.test('the chart is for this version of the gateway', async t => {
  t.match(read('helm/Chart.yaml'), new RegExp(`^appVersion: "${version}"$`, 'm'))
})
