import type { FeedView } from '../gateway/schemas.ts'
import { openApi, urlHelp, urlOption } from './api.ts'
import { type Command, toTable } from './io.ts'
import { configOf } from './settings.ts'

export const feeds: Command = {
  summary: 'the feeds of a running gateway, and how far they are',
  arguments: [],
  options: { json: { type: 'boolean' }, ...urlOption },
  help: `${urlHelp}
  --json      as JSON
With OPERATOR_TOKEN it lists the feeds of all keys, with a key in SEKOIA_API_KEY those of that key.
Exit code: 0, or 2 when the gateway cannot be asked.`,
  async run({ values }, io) {
    const api = openApi(configOf(io), io, values, true)
    const { body } = await api.get<{ feeds: FeedView[] }>('/gateway/v1/feeds')
    io.out(values['json'] ? JSON.stringify(body, null, 2) : toText(body.feeds))
    return 0
  }
}

const toText = (views: readonly FeedView[]): string =>
  views.length === 0
    ? 'No feed was asked for yet.'
    : toTable([['feed', 'key', 'objects', 'newest', 'end', 'title'], ...views.flatMap(toRows)])

function toRows({ feedId, scope, logs, title, obstacle }: FeedView): string[][] {
  const name = obstacle ? `${title} (cannot be read: ${obstacle.advice})` : title
  if (logs.length === 0) return [[feedId, scope, '-', '-', '-', name]]
  return logs.map(({ objects, newest, endAgeSeconds, firstWalk, types }) => {
    const read = firstWalk?.fraction
    const walk = read == null ? 'first walk' : `first walk, ${Math.floor(read * 100)} %`
    return [
      feedId,
      scope,
      String(objects),
      newest ?? '-',
      endAgeSeconds === null ? walk : `${endAgeSeconds} s ago`,
      types.length > 0 ? `${name} [${types.join(', ')}]` : name
    ]
  })
}
