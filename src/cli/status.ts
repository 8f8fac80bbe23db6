import type { StatusView } from '../gateway/schemas.ts'
import { openApi, urlHelp, urlOption } from './api.ts'
import { type Command, toTable } from './io.ts'
import { configOf } from './settings.ts'

export const status: Command = {
  summary: 'the state of a running gateway',
  arguments: [],
  options: { json: { type: 'boolean' }, ...urlOption },
  help: `${urlHelp}
  --json      as JSON
With OPERATOR_TOKEN it tells of everything, with a key in SEKOIA_API_KEY of what is that key's.
Exit code: 0 when all is well, 1 when a part is in trouble or a consumer is stuck, 2 when it cannot be asked.`,
  async run({ values }, io) {
    const api = openApi(configOf(io), io, values, true)
    const { body } = await api.get<StatusView>('/gateway/v1/status')
    io.out(values['json'] ? JSON.stringify(body, null, 2) : toText(body))
    const isWell = Object.values(body.parts).every(trouble => trouble === 'ok')
    return isWell && body.consumers.stuck === 0 ? 0 : 1
  }
}

function toText(view: StatusView): string {
  const { version, phase, startedAt, parts, feeds, consumers, store } = view
  return toTable([
    ['version', version],
    ['phase', `${phase}, since ${startedAt}`],
    ...Object.entries(parts),
    ['kept in', store.kind],
    ['feeds', `${feeds.listed} listed, ${feeds.leftOut} of them cannot be read now`],
    ['objects', `${feeds.objects} in ${feeds.logs} logs`],
    ['oldest end', feeds.oldestEndSeconds === null ? '-' : `${feeds.oldestEndSeconds} s`],
    ['consumers', countsOf(consumers)]
  ])
}

const countsOf = (consumers: StatusView['consumers']): string =>
  Object.entries(consumers)
    .map(([state, count]) => `${count} ${state}`)
    .join(', ')
