import {
  type Client,
  choose,
  documentation,
  keyPlaceholder,
  proven,
  provenByClients,
  source,
  userName
} from './client.ts'
import { apiRoot, collection, collections, discovery, fromDiscovery, objects } from './requests.ts'

/** Platforms for threat intelligence and response. */

export const xsoar: Client = {
  id: 'cortex-xsoar',
  name: 'Cortex XSOAR and XSIAM, TAXII 2 Feed',
  dialect: 'taxii',
  where: 'Settings, Integrations, TAXII 2 Feed: one instance for each feed.',
  fields: ({ discovery, title }) => [
    { name: 'Discovery Service URL', value: discovery },
    { name: 'Username / API Key', value: userName },
    { name: 'Password', value: keyPlaceholder },
    { name: 'Collection Name To Fetch Indicators From', value: title },
    choose('Incremental Feed', 'on'),
    choose('Full Feed Fetch', 'off'),
    { name: 'Max Indicators Per Fetch (disabled for Full Feed Fetch)', value: '' },
    { name: 'First Fetch Time', value: '10 years' }
  ],
  fieldsEvidence: source('demisto/content, FeedTAXII2 and TAXII2ApiModule'),
  pitfalls: [
    {
      text: 'With "Full Feed Fetch" on, which is its default, it reads everything again every four hours.',
      evidence: source('demisto/content, FeedTAXII2')
    },
    {
      text: 'The first fetch goes back one year unless "First Fetch Time" says more.',
      evidence: source('demisto/content, FeedTAXII2')
    },
    {
      text: 'With no collection named it reads all of them, and stops at the first that fails.',
      evidence: source('demisto/content, FeedTAXII2')
    },
    {
      text: 'Leave the maximum per fetch empty: with one it stands still in a group of equal times that is larger.',
      evidence: source('demisto/content, TAXII2ApiModule')
    },
    {
      text: 'It tries TAXII 2.1 and falls back to 2.0 on a 406, which the gateway gives to 2.0 alone.',
      evidence: provenByClients(
        'CLIENT-12: vendor types of TAXII 2.0 get 406, everything else sensible gets 2.1'
      )
    },
    {
      text: 'The pack SEKOIAIntelligenceCenter does not use TAXII: enter the address of the gateway as its url.',
      evidence: proven(
        'test/native/clients.test.ts',
        '6, 7, 8: look-ups have the members that clients read'
      )
    }
  ],
  requests: target => [
    discovery(target),
    collections(target),
    collection(target),
    objects(target, '?limit=100&added_after={yesterday}&match%5Btype%5D=indicator,relationship'),
    objects(
      target,
      '?limit=100&next={next}&added_after={yesterday}&match%5Btype%5D=indicator,relationship'
    )
  ]
}

export const eclecticiq: Client = {
  id: 'eclecticiq',
  name: 'EclecticIQ Intelligence Center',
  dialect: 'taxii',
  where: 'Data configuration, Incoming feeds, transport type TAXII 2.1, content type STIX 2.1.',
  fields: ({ discovery, apiRoot, collectionId }) => [
    { name: 'Discovery URL', value: discovery },
    { name: 'API root URL, in place of discovery', value: apiRoot },
    { name: 'Collection ID', value: collectionId },
    { name: 'Username', value: userName },
    { name: 'Password', value: keyPlaceholder },
    { name: 'Objects per run', value: '1000' }
  ],
  fieldsEvidence: documentation('EclecticIQ, incoming feed TAXII 2.1'),
  pitfalls: [
    {
      text: 'Without a start date it starts at 1970, which is the whole feed.',
      evidence: documentation('EclecticIQ, incoming feed TAXII 2.1')
    },
    {
      text: 'It fails on date headers that are no timestamps: those of the gateway always are, on empty answers as well.',
      evidence: provenByClients('CLIENT-6: an empty page echoes added_after in both headers')
    }
  ],
  requests: target => [
    discovery(target),
    apiRoot(target),
    collections(target),
    objects(target, '?limit=100&added_after=1970-01-01T00:00:00Z'),
    objects(target, '?limit=100&added_after=1970-01-01T00:00:00Z&next={next}')
  ]
}

export const threatq: Client = {
  id: 'threatq',
  name: 'ThreatQ',
  dialect: 'taxii',
  where: 'Integrations, Add New Integration, Add New TAXII Feed.',
  fields: ({ discovery, title }) => [
    choose('TAXII server version', '2.1'),
    { name: 'Discovery URL', value: discovery },
    { name: 'Collection name', value: title },
    { name: 'Username', value: userName },
    { name: 'Password', value: keyPlaceholder }
  ],
  fieldsEvidence: documentation(
    'ThreatQ, TAXII feeds. Its form and its requests are not public: these are what any client of TAXII 2.1 asks for, try it first'
  ),
  pitfalls: [
    {
      text: 'The key is taken as a password with any user name, as a bearer token and in the header X-API-Key: use what the form offers.',
      evidence: provenByClients('CLIENT-11: every way to send the key')
    }
  ],
  requests: fromDiscovery
}
