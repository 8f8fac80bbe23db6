import { openApi, urlHelp, urlOption } from './api.ts'
import type { Command, Io } from './io.ts'
import { configOf } from './settings.ts'
import { walkGateway } from './taxii-walk.ts'

export const warm: Command = {
  summary: 'has a running gateway read a feed to its end, so that clients need not wait for it',
  arguments: ['FEED'],
  options: { json: { type: 'boolean' }, ...urlOption },
  help: `  FEED        id of the feed
${urlHelp}
  --json      as JSON
The key in SEKOIA_API_KEY is the one whose log is filled: give that of the clients.
Exit code: 0 when the end was reached, 2 when the gateway or Sekoia refused.`,
  async run({ values, positionals: [feed = ''] }, io) {
    const config = configOf(io)
    const api = openApi(config, io, values, false)
    const started = Date.now()
    let objects = 0
    for await (const page of walkGateway(api, config, feed, { endpoint: 'objects' })) {
      objects += page.objects.length
      tell(io, objects, started)
    }
    const seconds = Math.round((Date.now() - started) / 1000)
    if (values['json']) io.out(JSON.stringify({ feed, objects, seconds }))
    else io.out(`The end is reached: ${objects} objects in ${seconds} s.`)
    return 0
  }
}

const tell = (io: Io, objects: number, started: number): void => {
  const seconds = Math.max(1, (Date.now() - started) / 1000)
  io.err(`${objects} objects, ${Math.round(objects / seconds)} in a second`)
}
