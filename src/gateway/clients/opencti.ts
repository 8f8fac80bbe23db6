import { type Client, choose, keyPlaceholder, proven, source, userName } from './client.ts'
import { composeService } from './quoting.ts'
import {
  anything,
  apiRoot,
  collection,
  collections,
  discovery,
  mispFile,
  native,
  nativePage,
  objects
} from './requests.ts'

/** The four ways into OpenCTI. */

const fieldClients = 'test/taxii/field-clients.test.ts'

/** What every connector has to know of its platform. */
const platform = (name: string, scope: string) => ({
  OPENCTI_URL: 'http://opencti:8080',
  OPENCTI_TOKEN: 'YOUR-OPENCTI-TOKEN',
  CONNECTOR_ID: 'A-NEW-UUID',
  CONNECTOR_NAME: name,
  CONNECTOR_SCOPE: scope,
  CONNECTOR_LOG_LEVEL: 'error'
})

const composeUse =
  'For docker compose, beside your OpenCTI. Put in the token of OpenCTI, a new UUID and the key; the tag of the image is the version of your OpenCTI.'

export const openCti: Client = {
  id: 'opencti-native',
  name: 'OpenCTI, native TAXII feed',
  dialect: 'taxii',
  where: 'Data, Ingestion, TAXII Feeds, Add a TAXII feed.',
  fields: ({ title, apiRoot, collectionId }) => [
    { name: 'Name', value: title },
    { name: 'TAXII server URL', value: apiRoot },
    choose('TAXII version', 'TAXII 2.1'),
    { name: 'TAXII Collection', value: collectionId },
    choose('Authentication type', 'Bearer token'),
    { name: 'Token', value: keyPlaceholder },
    { name: 'Import from date (empty = all TAXII collection possible items)', value: '' }
  ],
  fieldsEvidence: source('OpenCTI-Platform/opencti, ingestion of TAXII'),
  pitfalls: [
    {
      text: 'The URL is the API root: not discovery, and nothing that ends in /collections.',
      evidence: source('OpenCTI-Platform/opencti, issue 8323')
    },
    {
      text: 'It reads one page for each tick of its scheduler, so a large feed takes hours. A token of the gateway lives as long as that takes.',
      evidence: proven(
        fieldClients,
        'CLIENT-6, G1: header dates cut to milliseconds repeat and lose nothing'
      )
    },
    {
      text: 'Versions before 5.11 do not page.',
      evidence: source('OpenCTI-Platform/opencti, issue 4537')
    }
  ],
  requests: target => [
    objects(target, '', { accept: 'application/taxii+json;version=2.1', credential: 'bearer' }),
    objects(target, '?next={next}', {
      accept: 'application/taxii+json;version=2.1',
      credential: 'bearer'
    })
  ]
}

export const openCtiTaxii2: Client = {
  id: 'opencti-taxii2-connector',
  name: 'OpenCTI, connector taxii2',
  dialect: 'taxii',
  where: 'Environment of the container opencti/connector-taxii2.',
  fields: target => [
    { name: 'TAXII2_DISCOVERY_URL', value: target.discovery },
    { name: 'TAXII2_V21', value: 'true' },
    { name: 'TAXII2_USERNAME', value: userName },
    { name: 'TAXII2_PASSWORD', value: keyPlaceholder },
    { name: 'TAXII2_COLLECTIONS', value: collectionOf(target.apiRoot, target.title) },
    { name: 'TAXII2_INITIAL_HISTORY', value: '8760' },
    { name: 'TAXII2_INTERVAL', value: '1' }
  ],
  fieldsEvidence: source('OpenCTI-Platform/connectors, external-import/taxii2'),
  pitfalls: [
    {
      text: 'Its first run reads TAXII2_INITIAL_HISTORY hours, which is 24 unless you say more.',
      evidence: source('OpenCTI-Platform/connectors, external-import/taxii2')
    },
    {
      text: 'It lists collections once: a new feed appears after a restart of the connector.',
      evidence: source('OpenCTI-Platform/connectors, external-import/taxii2')
    },
    {
      text: 'It sends old tokens to other collections and in later runs, which loses nothing here.',
      evidence: proven(
        'test/clients/opencti-connector.test.ts',
        'stale and foreign tokens lose nothing, over several runs and collections'
      )
    }
  ],
  file: ({ discovery, apiRoot, title }) => ({
    name: 'opencti-taxii2.yml',
    use: composeUse,
    text: composeService('connector-taxii2', 'opencti/connector-taxii2:latest', {
      ...platform('Sekoia over TAXII', 'taxii2'),
      TAXII2_DISCOVERY_URL: discovery,
      TAXII2_USERNAME: userName,
      TAXII2_PASSWORD: keyPlaceholder,
      TAXII2_USE_TOKEN: 'false',
      TAXII2_V21: 'true',
      TAXII2_COLLECTIONS: collectionOf(apiRoot, title),
      TAXII2_INITIAL_HISTORY: '8760',
      TAXII2_INTERVAL: '1',
      TAXII2_VERIFY_SSL: 'true',
      TAXII2_CREATE_INDICATORS: 'true',
      TAXII2_CREATE_OBSERVABLES: 'true'
    })
  }),
  requests: target => [
    discovery(target),
    apiRoot(target),
    collections(target),
    collection(target),
    objects(target, '?added_after={yesterday}'),
    objects(target, '?next={next}')
  ]
}

/** The last segment of the API root and the title, with the dot at which the connector splits. */
const collectionOf = (apiRoot: string, title: string): string =>
  `${apiRoot.split('/').at(-2)}.${title}`

export const openCtiMispFeed: Client = {
  id: 'opencti-misp-feed-connector',
  name: 'OpenCTI, connector misp-feed',
  dialect: 'misp',
  where: 'Environment of the container opencti/connector-misp-feed.',
  fields: ({ misp }) => [
    { name: 'MISP_FEED_SOURCE_TYPE', value: 'url' },
    { name: 'MISP_FEED_URL', value: misp },
    { name: 'MISP_FEED_HTTP_AUTHORIZATION_HEADER', value: `Bearer ${keyPlaceholder}` },
    { name: 'MISP_FEED_IMPORT_FROM_DATE', value: '2000-01-01' },
    { name: 'MISP_FEED_INTERVAL', value: '5' }
  ],
  fieldsEvidence: source('OpenCTI-Platform/connectors, external-import/misp-feed'),
  pitfalls: [
    {
      text: 'Without an import date it starts with what changes from now on.',
      evidence: proven(
        'test/misp/simulators/opencti.test.ts',
        'the first run starts now unless it is told a date'
      )
    },
    {
      text: 'Of two events with one timestamp it loses one: events of the gateway never share one.',
      evidence: proven(
        'test/misp/simulators/opencti.test.ts',
        'of two events with one timestamp, one is lost'
      )
    },
    {
      text: 'It ignores that a value was deleted: what is revoked loses `to_ids` as well, which ends its detection.',
      evidence: source('OpenCTI-Platform/connectors, external-import/misp-feed')
    }
  ],
  file: ({ misp }) => ({
    name: 'opencti-misp-feed.yml',
    use: composeUse,
    text: composeService('connector-misp-feed', 'opencti/connector-misp-feed:latest', {
      ...platform('Sekoia as MISP feed', 'misp-feed'),
      MISP_FEED_SOURCE_TYPE: 'url',
      MISP_FEED_URL: misp,
      MISP_FEED_HTTP_AUTHORIZATION_HEADER: `Bearer ${keyPlaceholder}`,
      MISP_FEED_SSL_VERIFY: 'true',
      MISP_FEED_IMPORT_FROM_DATE: '2000-01-01',
      MISP_FEED_CREATE_REPORTS: 'true',
      MISP_FEED_CREATE_INDICATORS: 'true',
      MISP_FEED_CREATE_OBSERVABLES: 'true',
      MISP_FEED_INTERVAL: '5'
    })
  }),
  requests: target => [
    mispFile(target, 'manifest.json', 'misp-manifest'),
    mispFile(target, '{event}.json', 'misp-event')
  ]
}

/** base64 of 2022-01-01T00:00:00Z, a cursor that the connector makes itself. */
const cursor = 'MjAyMi0wMS0wMVQwMDowMDowMFo%3D'

export const openCtiSekoia: Client = {
  id: 'opencti-sekoia-connector',
  name: 'OpenCTI, connector sekoia',
  dialect: 'native',
  where: 'Environment of the container opencti/connector-sekoia.',
  fields: ({ baseUrl, feedId }) => [
    { name: 'SEKOIA_BASE_URL', value: baseUrl },
    { name: 'SEKOIA_API_KEY', value: keyPlaceholder },
    { name: 'SEKOIA_COLLECTION', value: feedId },
    { name: 'SEKOIA_START_DATE', value: '2022-01-01' }
  ],
  fieldsEvidence: source('OpenCTI-Platform/connectors, external-import/sekoia'),
  pitfalls: [
    {
      text: 'A connector that has run against Sekoia goes on where it was: its cursor is good at the gateway.',
      evidence: proven(
        'test/native/clients.test.ts',
        '2: the connector starts at a time of its own, and ten of them cost one'
      )
    },
    {
      text: 'A null in an object stops it at Sekoia for ever; the gateway takes nulls out.',
      evidence: proven(
        'test/native/clients.test.ts',
        '2: the connector finishes whatever passes, and a null in an object stops no run'
      )
    }
  ],
  file: ({ baseUrl, feedId }) => ({
    name: 'opencti-sekoia.yml',
    use: composeUse,
    text: composeService('connector-sekoia', 'opencti/connector-sekoia:latest', {
      ...platform(
        'SEKOIA.IO',
        'identity,attack-pattern,course-of-action,intrusion-set,malware,tool,report,location,vulnerability,indicator'
      ),
      SEKOIA_BASE_URL: baseUrl,
      SEKOIA_API_KEY: keyPlaceholder,
      SEKOIA_COLLECTION: feedId,
      SEKOIA_START_DATE: '2022-01-01',
      SEKOIA_CREATE_OBSERVABLES: 'true'
    })
  }),
  requests: target => [
    nativePage(target, `?limit=200&cursor=${cursor}`),
    native('v2/inthreat/objects/{object}', 'native-objects', anything),
    nativePage(target, '?limit=200&cursor={cursor}')
  ]
}
