import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import { pino } from 'pino'
import type { Test } from 'tap'
import type { CredentialOptions } from '../../src/auth/credential.ts'
import { createScopes } from '../../src/auth/scope.ts'
import { Answers } from '../../src/http/answers.ts'
import { authPlugin } from '../../src/http/auth.ts'
import { errorFormByPrefix } from '../../src/http/dialect.ts'
import { registerDialect } from '../../src/http/register-dialect.ts'
import { requestLog } from '../../src/http/request-log.ts'
import { buildServer, type ServerOptions } from '../../src/http/server.ts'
import type { Caller } from '../../src/kernel/caller.ts'
import { taxiiDialect } from '../../src/taxii/dialect.ts'
import { taxiiType } from '../../src/taxii/negotiate.ts'
import type { TaxiiSettings } from '../../src/taxii/settings.ts'
import { defaultCredentialOptions } from './credential-options.ts'
import { FakeRecords } from './fake-records.ts'
import { collectionA, collectionB, collectionEmpty, feedObjects, tiedObjects } from './objects.ts'
import { defaultTaxiiSettings } from './taxii-settings.ts'

export interface TaxiiServerOptions {
  readonly settings?: Partial<TaxiiSettings>
  readonly server?: Partial<ServerOptions>
  readonly credentials?: Partial<CredentialOptions>
  /** Called on the server before it is ready. */
  readonly extend?: (app: FastifyInstance) => void
}

export interface TaxiiServer {
  readonly app: FastifyInstance
  readonly records: FakeRecords
  /** Parsed request lines of the log. */
  readonly logs: Record<string, unknown>[]
  /** Raw log text. */
  readonly logText: () => string
  /** Counter increments as `name fate|status…`. */
  readonly counts: string[]
  /** One request with valid Basic credentials and `Accept: T` unless headers say otherwise. */
  readonly get: (
    url: string,
    headers?: Record<string, string | undefined>
  ) => Promise<LightMyRequestResponse>
  readonly send: (options: InjectOptions) => Promise<LightMyRequestResponse>
}

export const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

export const credentials = basic('any', 'valid-key')

/** The TAXII part of the gateway over fakes: three collections, in strict mode unless told otherwise. */
export async function buildTaxiiServer(
  t: Test,
  options: TaxiiServerOptions = {}
): Promise<TaxiiServer> {
  const records = new FakeRecords()
  records.addFeed({ collectionId: collectionB, title: 'Ties' }, tiedObjects)
  records.addFeed(
    { collectionId: collectionA, title: 'Main feed', description: 'All of it', alias: 'main' },
    feedObjects
  )
  records.addFeed({ collectionId: collectionEmpty, title: 'Empty' }, [])
  const lines: string[] = []
  const counts: string[] = []
  const logger = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) })
  const meter = {
    count(name: string, labels: Readonly<Record<string, string>> = {}, by = 1) {
      if (by > 0) counts.push([name, ...Object.values(labels)].join(' '))
    }
  }
  const rights = {
    verify: (caller: Caller) => records.verify(caller),
    authorize: (caller: Caller, feedId: string) => records.authorize(caller, feedId),
    validity: () => () => true
  }
  const dialect = taxiiDialect({
    records,
    catalog: records,
    rights,
    settings: { ...defaultTaxiiSettings, mode: 'strict', ...options.settings },
    meter
  })
  const errorFormOf = errorFormByPrefix([dialect])
  const app = buildServer({ logger, meter, errorFormOf, ...options.server })
  await app.register(requestLog, { meter })
  await app.register(authPlugin, {
    credentials: { ...defaultCredentialOptions, ...options.credentials },
    toCaller: createScopes(Buffer.from('test secret'))
  })
  await registerDialect(app, dialect, { answers: new Answers({}), rights })
  options.extend?.(app)
  await app.ready()
  t.teardown(() => app.close())
  const send = (request: InjectOptions) => app.inject(request)
  return {
    app,
    records,
    get logs() {
      return lines.map(line => JSON.parse(line)).filter(({ msg }) => msg === 'request')
    },
    logText: () => lines.join(''),
    counts,
    send,
    get: (url, headers = {}) => send({ method: 'GET', url, headers: withDefaults(headers) })
  }
}

/** Headers given as undefined are left out. */
export function withDefaults(headers: Record<string, string | undefined>): Record<string, string> {
  const all = { accept: taxiiType, authorization: credentials, ...headers }
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined)
  )
}
