import type { AnswerStore } from '../kernel/answer-store.ts'
import type { RedisClient } from './redis-client.ts'
import type { RedisLink } from './redis-link.ts'
import { scanKeys } from './redis-names.ts'

export interface RedisAnswersOptions {
  readonly client: RedisClient
  readonly link: RedisLink
  /** Before every key, with the schema version. */
  readonly prefix: string
}

/** Answers in Redis, each under a key of its own that expires; those of a scope lie on one node of a Cluster. */
export function createRedisAnswers({ client, link, prefix }: RedisAnswersOptions): AnswerStore {
  const keysOf = (scope: string, names: readonly string[]) =>
    names.map(name => `${prefix}answer:{${scope}}:${name}`)

  return {
    get: (scope, names) =>
      link.run('reading', scope, async () => {
        const found = await client.mgetBuffer(...keysOf(scope, names))
        return found.map(value => value ?? undefined)
      }),
    put: (scope, entries, ms) =>
      link.run('writing', scope, async () => {
        const keys = keysOf(
          scope,
          entries.map(({ name }) => name)
        )
        await Promise.all(entries.map(({ value }, i) => client.set(keys[i]!, value, 'PX', ms)))
      }),
    forget: (scope, names) =>
      link.run('writing', scope, async () => {
        if (names.length > 0) await client.del(...keysOf(scope, names))
      }),
    async forgetAll(scope) {
      const start = `${prefix}answer:{${scope}}:`
      for await (const names of scanKeys({ client, link, start, end: '' }))
        await link.run('writing', scope, () => client.del(...keysOf(scope, names)))
    },
    close: () => link.close()
  }
}
