import type { Static } from 'typebox'
import { auth, overload, server } from './clients.ts'
import { misp } from './misp.ts'
import { native } from './native.ts'
import { section } from './notes.ts'
import { demo, log, metrics, operator, ops, pages } from './operator.ts'
import { stix, taxii } from './served.ts'
import { cache, feedLog, redis, store } from './storage.ts'
import { access, sekoia, upstream } from './upstream.ts'

/**
 * Every option, once: what it means, its default, its bounds and an example. The loader, its error
 * lines, `config/default.json` and `docs/configuration.md` all follow from this table.
 */
export const configSchema = section('sekoia-feed-gateway', {
  server,
  sekoia,
  upstream,
  redis,
  store,
  cache,
  overload,
  feedLog,
  access,
  auth,
  taxii,
  stix,
  misp,
  native,
  operator,
  ops,
  pages,
  log,
  metrics,
  demo
})

/** The whole configuration: complete, checked and frozen. */
export type Config = Static<typeof configSchema>
