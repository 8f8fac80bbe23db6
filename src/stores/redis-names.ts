import type { RedisClient } from './redis-client.ts'
import type { RedisLink } from './redis-link.ts'

export interface KeyScan {
  readonly client: RedisClient
  readonly link: RedisLink
  /** What the keys begin and end with; whatever is between them is given. */
  readonly start: string
  readonly end: string
}

const batch = '1000'

/** What stands between two texts in the keys of all nodes. A server may give a key more than once. */
export async function* scanKeys({
  client,
  link,
  start,
  end
}: KeyScan): AsyncGenerator<readonly string[]> {
  const pattern = `${literal(start)}*${literal(end)}`
  for (const node of client.nodes?.('master') ?? [client]) {
    let cursor = '0'
    do {
      const [next, keys] = await link.run('reading', 'names', () =>
        node.scan(cursor, 'MATCH', pattern, 'COUNT', batch)
      )
      cursor = next
      const names = keys.map(key => key.slice(start.length, key.length - end.length))
      if (names.length > 0) yield [...new Set(names)]
    } while (cursor !== '0')
  }
}

/** A text that stands for itself in a pattern of Redis. */
const literal = (text: string): string => text.replace(/[*?[\]\\^]/g, '\\$&')
