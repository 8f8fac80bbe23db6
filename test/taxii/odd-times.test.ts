import t from 'tap'
import { oddTimes } from '../../src/demo/corpus/odd.ts'
import { buildGateway } from '../support/app.ts'

/** Objects whose own times are written oddly, or not at all: what clients are told of them. */

const collection = '/sekoia/collections/d6092c37-d8d7-45c3-8aff-c4dc26030608/'
const sound: readonly string[] = [
  'future',
  'twelve-minutes-ahead',
  'year-1',
  'year-1601',
  'before-1970'
]
const odd = oddTimes.filter(kind => !sound.includes(kind))
const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/

interface Listed {
  readonly id: string
  readonly version: string
  readonly date_added: string
}

for (const mode of ['field', 'strict'])
  for (const repair of ['on', 'off'])
    t.test(
      `${mode}, repair ${repair}: every time served is a timestamp, and taken back`,
      async t => {
        const gateway = await buildGateway(t, {
          simulator: { objects: 40, bloat: false },
          env: { TAXII_MODE: mode, STIX_REPAIR: repair }
        })
        const ids = new Set(odd.map(kind => gateway.simulator.odd(kind)))
        const ask = async (path: string) => {
          const answer = await gateway.send({ url: `${collection}${path}` })
          if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.body}`)
          return (answer.json().objects ?? []) as Listed[]
        }
        const manifest = await ask('manifest/?limit=1000')
        t.equal(manifest.length, 40 + odd.length)
        for (const { id, version, date_added } of manifest) {
          t.match([version, date_added], [timestamp, timestamp])
          if (!ids.has(id)) continue
          const found = await ask(`objects/?match[id]=${id}&match[version]=${version}`)
          t.same(
            found.map(object => object.id),
            [id],
            version
          )
          for (const time of [version, date_added])
            await ask(`objects/?limit=1&added_after=${time}`)
        }
      }
    )
