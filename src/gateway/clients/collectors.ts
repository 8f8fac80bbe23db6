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
import { json, quoted } from './quoting.ts'
import { apiRoot, bearer, collections, discovery, objects } from './requests.ts'

/** Agents, functions and sources that collect for a SIEM. */

export const elastic: Client = {
  id: 'elastic-agent',
  name: 'Elastic Agent, Custom Threat Intelligence',
  dialect: 'taxii',
  where:
    'Integrations, Custom Threat Intelligence (ti_custom), "Collects threat intelligence IOCs".',
  fields: ({ objects, title }) => [
    { name: 'URL API endpoint', value: objects },
    choose('Enable TAXII 2.1', 'on'),
    { name: 'API Key', value: keyPlaceholder },
    { name: 'Initial Interval', value: '8760h' },
    { name: 'Interval', value: '5m' },
    { name: 'Feed name', value: title }
  ],
  fieldsEvidence: source('elastic/integrations, packages/ti_custom'),
  pitfalls: [
    {
      text: 'Without an initial interval every poll reads the whole feed again.',
      evidence: source('elastic/integrations, packages/ti_custom')
    },
    {
      text: 'It goes on for as long as `next` is there, whatever `more` says: leave TAXII_TIP_TOKEN of the gateway off.',
      evidence: source('elastic/integrations, packages/ti_custom')
    },
    {
      text: 'It forgets its place when an empty answer has no date: the gateway repeats the one it was asked with.',
      evidence: provenByClients('CLIENT-6: an empty page echoes added_after in both headers')
    }
  ],
  file: ({ objects, title }) => ({
    name: 'elastic-ti-custom.json',
    use: 'Body of POST kbn:/api/fleet/package_policies. Put in the id of your agent policy, the version of the package and the key.',
    text: json({
      name: 'sekoia-feed-gateway',
      policy_ids: ['AGENT-POLICY-ID'],
      package: { name: 'ti_custom', version: 'PACKAGE-VERSION' },
      inputs: {
        'ti_custom-cel': {
          enabled: true,
          streams: {
            'ti_custom.indicator': {
              enabled: true,
              vars: {
                url: objects,
                enable_taxii: true,
                api_key: keyPlaceholder,
                interval: '5m',
                initial_interval: '8760h',
                ioc_expiration_duration: '90d',
                feed_name: title
              }
            }
          }
        }
      }
    })
  }),
  requests: target => [
    objects(target, '?added_after={yesterday}', bearer),
    objects(target, '?next={next}', bearer)
  ]
}

export const chronicle: Client = {
  id: 'google-secops',
  name: 'Google SecOps (Chronicle), ingestion script',
  dialect: 'taxii',
  where: 'Cloud Function `stix_taxii` of chronicle/ingestion-scripts, in its file .env.yml.',
  fields: ({ discovery, title }) => [
    { name: 'TAXII_DISCOVERY_URL', value: discovery },
    { name: 'TAXII_USERNAME', value: userName },
    { name: 'TAXII_PASSWORD_SECRET_PATH', value: 'path of the secret that holds the key' },
    { name: 'TAXII_VERSION', value: '2.1' },
    { name: 'TAXII_COLLECTION_NAMES', value: title }
  ],
  fieldsEvidence: source('chronicle/ingestion-scripts, stix_taxii'),
  pitfalls: [
    {
      text: 'It remembers nothing between runs and reads back as far as POLL_INTERVAL: keep that as long as the schedule, or longer. A run that fails is lost unless the next one reaches back.',
      evidence: source('chronicle/ingestion-scripts, stix_taxii')
    },
    {
      text: 'Name the collection: without names one feed that fails ends the run for all.',
      evidence: source('chronicle/ingestion-scripts, stix_taxii')
    },
    {
      text: 'Several collections are separated by commas; titles of the gateway have none.',
      evidence: proven(
        'test/feeds/catalog.test.ts',
        'titles hold no dot and no comma, and one line (CLIENT-8)'
      )
    }
  ],
  file: ({ discovery, title }) => ({
    name: 'stix-taxii.env.yml',
    use: 'In place of .env.yml of the script. The empty values are those of your Google project.',
    text: [
      'CHRONICLE_CUSTOMER_ID: ""',
      'CHRONICLE_REGION: us',
      'CHRONICLE_SERVICE_ACCOUNT: ""',
      `TAXII_DISCOVERY_URL: ${quoted(discovery)}`,
      `TAXII_USERNAME: ${userName}`,
      'TAXII_PASSWORD_SECRET_PATH: ""',
      'TAXII_VERSION: "2.1"',
      `TAXII_COLLECTION_NAMES: ${quoted(title)}`,
      'POLL_INTERVAL: "60"',
      ''
    ].join('\n')
  }),
  requests: target => [
    discovery(target),
    collections(target),
    objects(target, '?added_after={yesterday}&limit=1000&match%5Btype%5D=indicator')
  ]
}

export const sumo: Client = {
  id: 'sumo-logic',
  name: 'Sumo Logic, TAXII 2 Client Source',
  dialect: 'taxii',
  where: 'Manage Data, Collection, a Hosted Collector, Add Source, STIX/TAXII 2 Client.',
  fields: ({ discovery, title }) => [
    choose('STIX/TAXII Version', '2.1'),
    { name: 'Discovery URL', value: discovery },
    choose('Authentication', 'Basic'),
    { name: 'Username', value: userName },
    { name: 'Password', value: keyPlaceholder },
    { name: 'Sumo Logic Threat Intel Source ID', value: title }
  ],
  fieldsEvidence: documentation('Sumo Logic Docs, STIX/TAXII 2 Client Source'),
  pitfalls: [
    {
      text: 'By discovery it reads every collection of the key. For one alone enter the API root and the collection id in place of the discovery URL.',
      evidence: documentation('Sumo Logic Docs, STIX/TAXII 2 Client Source')
    },
    {
      text: 'It can send the key in the query string: the gateway refuses that unless AUTH_QUERY_PARAMETER is set. Use Basic.',
      evidence: proven(
        'test/auth/credential.test.ts',
        'a key in the query is looked at only where the operator names the parameter'
      )
    }
  ],
  file: ({ discovery, title }) => ({
    name: 'sumo-taxii2.json',
    use: 'JSON configuration of the source, for the form or for Terraform (sumologic_cloud_to_cloud_source). Put in the key.',
    text: json({
      name: 'sekoia-feed-gateway',
      authType: 'Basic',
      basicUsername: userName,
      basicPassword: keyPlaceholder,
      ti_version: '2.1',
      ti_root_source: '1',
      ti_discovery_url: discovery,
      ti_user_source_id: title,
      enable_limit: false,
      polling_interval: '1h'
    })
  }),
  requests: target => [
    discovery(target),
    apiRoot(target),
    collections(target),
    objects(target),
    objects(target, '?next={next}')
  ]
}
