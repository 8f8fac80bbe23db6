import { Type } from 'typebox'
import { buildKeysPattern } from './build-keys.ts'
import { annotate, day, flag, integer, mebibyte, oneOf, section, text } from './notes.ts'

/** Options about the MISP feeds. */

export const misp = section('MISP feeds, under `/misp/`.', {
  enabled: flag({
    description: 'Serve every feed as a MISP feed too.',
    default: true,
    example: false
  }),
  windowDays: text({
    description:
      'How many days of `created` the first build of a feed goes back, or `all`. A wider window later takes in what is missing; a narrower one takes back what is outside.',
    default: '90',
    pattern: '^(all|[1-9]\\d{0,4})$',
    expected: 'a number of days, or all',
    example: 'all'
  }),
  publishSeconds: integer(5, day, {
    description:
      'Between publications: how much later than Sekoia a MISP can know of a change. Expiry is published in time with it.',
    default: 300,
    example: 60
  }),
  defaultTlp: oneOf(['clear', 'green', 'amber', 'amber+strict', 'red'], {
    description: 'TLP of objects that carry none.',
    default: 'amber',
    example: 'green'
  }),
  expiredDays: integer(0, 3650, {
    description: 'How long an expired value stays visible without `to_ids`, before it is deleted.',
    default: 30,
    example: 7
  }),
  tombstoneDays: integer(1, 3650, {
    description:
      'How long a deleted value stays announced as deleted: a MISP that is away for longer keeps it.',
    default: 180,
    example: 365
  }),
  restampDays: integer(0, 365, {
    description:
      'Within so many days every event is stamped anew, so that a MISP whose pull was killed in the middle of one takes what it missed. 0: never.',
    default: 7,
    example: 2
  }),
  clockMarginSeconds: integer(0, day, {
    description:
      'How far timestamps of events are ahead: by so much a MISP’s clock may be ahead, its pull included, and still see each change.',
    default: 300,
    example: 900
  }),
  distribution: oneOf(['feed', 'organisation', 'community', 'connected', 'all'], {
    description:
      'Distribution that events carry, for a MISP whose feed is set to inherit it: your organisation, this community, connected communities, all communities. `feed`: none, MISP’s setting for the feed decides.',
    default: 'feed',
    example: 'community'
  }),
  reportCopies: flag({
    description:
      'Copy the indicators of a report into the event of the report, without correlation. Without copies that event has the text, links and tags alone.',
    default: true,
    example: false
  }),
  shardBits: integer(0, 8, {
    description:
      'Events for one day of a feed: 2 to this power. Changed, a feed is built anew: what was published is taken back and comes again in other events.',
    default: 0,
    example: 2
  }),
  defaultFeedShardBits: integer(0, 8, {
    description: 'The same for the default feed (`sekoia.defaultFeedId`), which is large.',
    default: 4,
    example: 5
  }),
  shardBitsOf: Type.Array(Type.String({ pattern: '^[A-Za-z0-9-]{1,100}=[0-8]$' }), {
    ...annotate<string[]>({
      description: 'The same for single feeds, as `feed-id=bits` (commas in the environment).',
      default: [],
      example: ['1e8a6fb2-5b0c-4d3a-9f59-2f8f9c3e1a77=3']
    }),
    expected: 'a list of feed-id=bits, bits from 0 to 8',
    list: true
  }),
  walkSeconds: integer(0, 365 * day, {
    description:
      'Between full readings of a feed that find what left it without a word; sweeps of the feed log that come as often take their place. 0: never, for feeds that announce revocations and lose nothing else.',
    default: day,
    example: 6 * 3600
  }),
  idleSeconds: integer(60, 365 * day, {
    description: 'How long a feed is kept up to date after a MISP last asked for it.',
    default: 7 * day,
    example: day
  }),
  buildKeys: text({
    description:
      'Feeds that are built without being asked for, each with the Sekoia API key it is built with, as `feed-id=key` with commas or white space between them. The first manifest after a start is then complete, for whoever pulls with that key.',
    default: '',
    pattern: buildKeysPattern,
    expected: 'a list of feed-id=key',
    example: 'd6092c37-d8d7-45c3-8aff-c4dc26030608=your-sekoia-key',
    secret: true
  }),
  maxFeeds: integer(1, 1000, {
    description: 'Feeds kept up to date at a time; the one asked for longest ago is let go first.',
    default: 50,
    example: 200
  }),
  maxHashes: integer(1000, 100_000_000, {
    description:
      'Most lines of `hashes.csv`, those of the events that changed last. A MISP needs about 660 MB of PHP memory for a million.',
    default: 1_000_000,
    example: 250_000
  }),
  firstWaitMs: integer(0, 55_000, {
    description: 'How long the first manifest of a feed waits for its first events.',
    default: 45_000,
    example: 20_000
  }),
  cacheMaxBytes: integer(0, 1024 * mebibyte, {
    description: 'Most memory for events that are asked for again and again.',
    default: 16 * mebibyte,
    example: 64 * mebibyte
  }),
  buildThread: oneOf(['auto', 'on', 'off'], {
    description:
      'Make the events of large publications in a thread beside the one that answers requests, which takes some 40 MB while it builds. `auto`: where there is more than one core.',
    default: 'auto',
    example: 'off'
  }),
  malpedia: oneOf(['galaxy', 'tag', 'both'], {
    description:
      'How malware that the galaxy malpedia has is named: by a tag of the galaxy, which OpenCTI passes over, by `sekoia:malware="…"`, or by both.',
    default: 'galaxy',
    example: 'both'
  }),
  orgcFromSource: flag({
    description:
      'Give the event of a report the organisation that Sekoia names as its source as `Orgc`, where that is one. Other events are of many sources, and stay those of SEKOIA.',
    default: false,
    example: true
  }),
  galaxiesDir: text({
    description:
      'Folder with the `clusters/*.json` files of misp-galaxy, mounted by you: names of threats, and ids of ATT&CK, then become tags of galaxies. Empty: only what MITRE itself says of ATT&CK for enterprises does.',
    default: '',
    example: '/etc/gateway/misp-galaxy/clusters'
  })
})
