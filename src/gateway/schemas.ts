import { type Static, type TProperties, type TSchema, Type } from 'typebox'
import { consumerStates } from './consumer-state.ts'

/** The contract of `/gateway/v1/`: what is not in a schema is not sent. Instants are RFC 3339 in UTC. */

/**
 * Or null. Not a union: Fastify's serializer makes a validator for each of those, at the first answer, which took
 * several times as long as the answer.
 */
const optional = <T extends TSchema & { readonly type: string }>(schema: T) =>
  Type.Unsafe<Static<T> | null>({ ...schema, type: [schema.type, 'null'] })

const text = (description: string) => Type.String({ description })
const instant = (description: string) => Type.String({ description, format: 'date-time' })
const integer = (description: string) => Type.Integer({ description })
const flag = (description: string) => Type.Boolean({ description })
const object = <T extends TProperties>(properties: T, description = '') =>
  Type.Object(properties, { description, additionalProperties: false })

const scope = text(
  'First 8 digits of the scope: it distinguishes keys, and no key can be derived from it'
)

const obstacle = optional(
  object({
    reason: text('Kind of the obstacle, as in metrics and log'),
    advice: text('What to change, or that it passes')
  })
)

const walk = optional(
  object(
    {
      objects: integer('Read so far'),
      fraction: optional(
        Type.Number({
          description: 'From 0 to 1, of the time that the feed spans; null while that is not known'
        })
      ),
      objectsPerSecond: integer('Since the log was begun'),
      secondsLeft: optional(integer('At the same pace; null while it cannot be told'))
    },
    'While the feed is read to its end for the first time'
  )
)

const log = object({
  types: Type.Array(Type.String(), { description: 'STIX types it is limited to; empty: all' }),
  includesRevoked: flag('Revoked and expired objects were asked for'),
  objects: integer('Objects held'),
  newest: optional(instant('date_added of the newest object')),
  endAgeSeconds: optional(
    integer('Since Sekoia last confirmed its end; null before that was reached')
  ),
  firstWalk: walk
})

const byReason = (description: string) =>
  Type.Record(Type.String(), Type.Integer(), { description })

const misp = optional(
  object(
    {
      isBuilt: flag('What was there at its start is published'),
      lastPublication: optional(instant('When its manifest last changed')),
      objectsRead: integer('Of the feed, so far'),
      hashesLeftOut: optional(
        integer('Values that hashes.csv has no room for (MISP_MAX_HASHES); null while not counted')
      ),
      coverage: optional(
        object({
          live: integer('Indicators that are live at Sekoia'),
          toIds: integer('Of them, those that MISP detects'),
          context: integer('Those with values that have no to_ids'),
          outsideWindow: integer('Those left out by the window'),
          fallback: byReason('Those whose pattern goes out whole, by reason'),
          skipped: byReason('Those of which nothing goes out, by reason')
        })
      )
    },
    'As a MISP feed; null while no MISP asks for it'
  )
)

export const feed = object({
  feedId: text('Id that goes to Sekoia'),
  collectionId: optional(text('Id as a TAXII collection')),
  title: text('As a TAXII collection'),
  scope,
  isListed: flag('It is in the list of feeds of the key'),
  isNewestFirst: flag('Sekoia lists it newest first'),
  obstacle,
  logs: Type.Array(log, { description: 'What this process has open of it' }),
  misp
})

export const feeds = object({ feeds: Type.Array(feed) })

export const consumer = object({
  scope: optional(scope),
  user: optional(text('User name that came with Basic')),
  userAgent: optional(text('User-Agent')),
  address: text('Client address'),
  dialect: text('taxii, misp or native'),
  feedId: optional(text('Feed; null when it was refused before any')),
  state: Type.Enum([...consumerStates], {
    description:
      'stuck: the same place again and again; gone: silent for three of its intervals; refused: the last answer was 401 or 403'
  }),
  firstRequest: instant('When it was first seen by this process'),
  lastRequest: instant('When it was last answered'),
  lastStatus: integer('HTTP status of that answer; 499: it left'),
  place: optional(instant('date_added up to which it was given everything')),
  behindSeconds: optional(integer('From there to the newest object held')),
  intervalSeconds: optional(integer('Longest of its latest pauses')),
  requests: integer('Answers'),
  repeats: integer('Requests in a row for the same place'),
  objects: integer('Objects given'),
  bytes: integer('Bytes given')
})

export const consumers = object({ consumers: Type.Array(consumer) })

const recent = optional(
  object(
    {
      calls: integer('Each attempt'),
      failed: integer('Without an answer of use: no answer, 5xx'),
      rateLimited: integer('429'),
      medianMs: optional(integer('Half of them took no longer')),
      p95Ms: optional(integer('95 of 100 took no longer'))
    },
    'Calls of the last quarter of an hour; operator only'
  )
)

export const status = object({
  version: text('Of the gateway'),
  node: text('Version of Node'),
  phase: text('starting, serving or closing'),
  now: instant('The time that the gateway goes by'),
  startedAt: instant('When this process started'),
  view: Type.Enum(['key', 'operator'], { description: 'What the credential may see' }),
  parts: Type.Record(Type.String(), Type.String(), {
    description: 'As /readyz: ok, or the trouble in public words'
  }),
  sekoia: object({
    breaker: text('closed, open or half-open'),
    clockDifferenceSeconds: optional(integer("Sekoia's clock less that of this machine")),
    lastSuccess: optional(instant('Operator only')),
    lastFailure: optional(instant('Operator only')),
    recent
  }),
  store: object({
    kind: text('sqlite or redis'),
    isShared: flag('Other gateways may use it')
  }),
  residentBytes: optional(integer('Memory of the process, or of all workers; operator only')),
  replicas: optional(
    integer('Gateways that use the store, this one included, as of the last minute; operator only')
  ),
  feeds: object({
    listed: integer('Feeds in lists'),
    leftOut: integer('Of them, those that cannot be read now'),
    logs: integer('Logs in memory'),
    objects: integer('Objects in them'),
    oldestEndSeconds: optional(
      integer('Longest time since Sekoia confirmed the end of one of them')
    )
  }),
  consumers: object(
    Object.fromEntries(consumerStates.map(state => [state, Type.Integer()])) as Record<
      (typeof consumerStates)[number],
      ReturnType<typeof Type.Integer>
    >,
    'How many are in which state'
  )
})

const check = object({
  name: text('sekoia, key, permission.feeds, permission.intelligence, feeds, store, clock'),
  outcome: Type.Enum(['ok', 'warning', 'failed']),
  detail: text('One sentence')
})

export const checks = object({
  outcome: Type.Enum(['ok', 'warning', 'failed'], { description: 'The worst of all' }),
  checks: Type.Array(check)
})

export const setup = object({
  baseUrl: text('Of this gateway, as clients reach it'),
  credentials: object({
    basic: text('How Basic is used'),
    bearer: text('How Bearer is used'),
    header: optional(text('Header that may carry the key alone')),
    queryParameter: optional(text('Query parameter that may carry it'))
  }),
  taxii: object({
    discovery: Type.String(),
    apiRoot: Type.String(),
    mediaType: Type.String(),
    defaultLimit: Type.Integer(),
    maxLimit: Type.Integer()
  }),
  misp: optional(object({ list: Type.String() })),
  native: object({ baseUrl: Type.String() }),
  feeds: Type.Array(
    object({
      feedId: Type.String(),
      collectionId: Type.String(),
      title: Type.String(),
      description: optional(text('As in Sekoia')),
      scope,
      obstacle,
      taxiiCollection: Type.String(),
      taxiiObjects: Type.String(),
      misp: optional(text('URL of the MISP feed')),
      native: text('URL of its objects in the API of Sekoia')
    })
  )
})

const counts = (description: string) => Type.Array(Type.Integer(), { description })
const figures = (description: string) => Type.Array(optional(Type.Integer()), { description })

/** Every series has a figure for each slot, the oldest first. */
const series = (description: string) =>
  object(
    {
      from: instant('Start of the first slot'),
      slotSeconds: integer('Length of a slot'),
      requests: object(
        {
          served: counts('1xx to 3xx'),
          refused: counts('401 and 403'),
          rejected: counts('Other 4xx'),
          failed: counts('5xx'),
          left: counts('The client left before')
        },
        'Of clients, in each dialect'
      ),
      objects: object({
        given: counts('To clients'),
        read: counts('New ones, from Sekoia')
      }),
      lagSeconds: figures('Oldest confirmed end of a followed feed; null where none was'),
      failingFeeds: counts('Most feeds at once that could not be read on, as /readyz counts them'),
      upstream: object({
        calls: counts('To Sekoia, each attempt'),
        failed: counts('Of them without an answer of use'),
        rateLimited: counts('Of them 429'),
        medianMs: figures('Half of them took no longer; null without calls'),
        p95Ms: figures('95 of 100 took no longer')
      })
    },
    description
  )

export const history = object({
  now: instant('The time that the gateway goes by'),
  isComplete: flag('False while the store is away: a part may be missing'),
  day: series('The last 24 hours in slots of 10 minutes'),
  month: series('The last 30 days in slots of an hour')
})

const evidence = object(
  {
    kind: Type.Enum(['proven', 'source', 'documentation']),
    reference: text('Test of ours, source code of the client, or documentation of its vendor')
  },
  'How it is known'
)

const clientRequest = object({
  path: text(
    'Below the address of the gateway; names in braces stand for what an earlier answer gave'
  ),
  accept: text('Header Accept'),
  credential: Type.Enum(['basic', 'bearer', 'token']),
  expected: text('What the answer has to be')
})

export const clients = object({
  feedId: text('The feed that the values are for'),
  title: text('Of the feed'),
  clients: Type.Array(
    object({
      id: text('Name of its page in docs/clients'),
      name: text('Product'),
      dialect: Type.Enum(['taxii', 'misp', 'native']),
      where: text('Where in the product it is entered'),
      fields: Type.Array(
        object({
          name: text('As in the product'),
          value: text('YOUR-KEY stands for the key'),
          isChoice: flag('It is picked or ticked, not typed')
        })
      ),
      fieldsEvidence: evidence,
      pitfalls: Type.Array(object({ text: text('One or two sentences'), evidence })),
      file: optional(
        object({
          name: text('Of the file'),
          text: text('Its content'),
          use: text('What is done with it')
        })
      ),
      requests: Type.Array(clientRequest, { description: 'What the client asks, in order' })
    })
  )
})

export const clientsQuery = Type.Object({
  feed: Type.Optional(text('Id of a feed; left out: the first that can be read'))
})

export type FeedView = Static<typeof feed>
export type ConsumerView = Static<typeof consumer>
export type StatusView = Static<typeof status>
export type CheckView = Static<typeof check>
export type ChecksView = Static<typeof checks>
export type SetupView = Static<typeof setup>
export type HistoryView = Static<typeof history>
export type ClientsView = Static<typeof clients>
export type Outcome = CheckView['outcome']
