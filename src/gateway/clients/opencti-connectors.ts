import { type Client, keyPlaceholder, proven, source } from './client.ts'
import { composeUse, platform } from './opencti-platform.ts'
import { composeService } from './quoting.ts'
import { anything, mispFile, native, nativePage } from './requests.ts'

/** OpenCTI's connectors that do not read TAXII. */

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
