import {
  type Client,
  choose,
  keyPlaceholder,
  proven,
  provenByClients,
  source,
  userName
} from './client.ts'
import { composeUse, platform } from './opencti-platform.ts'
import { composeService } from './quoting.ts'
import { apiRoot, collection, collections, discovery, objects } from './requests.ts'

/** The two ways into OpenCTI over TAXII. */

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
      evidence: provenByClients(
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
