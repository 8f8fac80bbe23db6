import { type Client, choose, keyPlaceholder, proven, source } from './client.ts'
import { json } from './quoting.ts'
import { mispFile } from './requests.ts'

export const misp: Client = {
  id: 'misp',
  name: 'MISP 2.4 and 2.5',
  dialect: 'misp',
  where: 'Sync Actions, Feeds, Add Feed. Then "Fetch and store all feed data".',
  fields: ({ title, misp }) => [
    choose('Enabled', 'ticked'),
    { name: 'Name', value: title },
    { name: 'Provider', value: 'Sekoia.io' },
    choose('Input Source', 'Network'),
    { name: 'URL', value: misp },
    choose('Source Format', 'MISP Feed'),
    {
      name: 'Any headers to be passed with requests',
      value: `Authorization: Bearer ${keyPlaceholder}`
    },
    choose('Distribution', 'Your organisation only'),
    { name: 'Default Tag', value: '' }
  ],
  fieldsEvidence: proven(
    'test/misp/routes.test.ts',
    'MISP-1.1: a feed has a manifest, hashes, and a file for every event listed'
  ),
  pitfalls: [
    {
      text: 'The user that fetches the feed has to be a site admin: for others MISP adds events and refuses every later change.',
      evidence: proven(
        'test/misp/simulators/trouble.test.ts',
        'a user who is no site admin adds events, and edits none'
      )
    },
    {
      text: 'After each pull MISP detects what the feed holds live, and nothing else.',
      evidence: proven('test/properties/misp.test.ts', 'a MISP stays in sync')
    },
    {
      text: 'MISP does not fetch by itself: schedule `cake Server fetchFeed USER FEED` by cron, at any minute but 0.',
      evidence: source('MISP/MISP, FeedsController')
    },
    {
      text: 'An event of the feed that is deleted in MISP lands in its blocklist and stays away.',
      evidence: source('MISP/MISP, Event')
    },
    {
      text: 'The first manifest waits while the feed is built; until that is done it lists what there is.',
      evidence: proven(
        'test/misp/app.test.ts',
        'a manifest that does not wait long enough lists nothing, and soon all'
      )
    }
  ],
  file: ({ title, misp }) => ({
    name: 'misp-feed.json',
    use: 'Feeds, Import Feeds from JSON: paste the content. Put in the key first.',
    text: json([
      {
        Feed: {
          name: title,
          provider: 'Sekoia.io',
          url: misp,
          enabled: true,
          caching_enabled: true,
          distribution: '0',
          source_format: 'misp',
          input_source: 'network',
          headers: `Authorization: Bearer ${keyPlaceholder}`,
          rules: '',
          default: false,
          fixed_event: false,
          delta_merge: false,
          publish: false,
          override_ids: false,
          lookup_visible: false
        }
      }
    ])
  }),
  requests: target => [
    mispFile(target, 'manifest.json', 'misp-manifest'),
    mispFile(target, '{event}.json', 'misp-event'),
    mispFile(target, 'hashes.csv', 'misp-hashes')
  ]
}
