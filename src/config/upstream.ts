import { baseUrl, day, file, integer, maxMs, mebibyte, section, text } from './notes.ts'

/** Options about Sekoia: its address, how it is called, and how long its decision about a key holds. */

export const sekoia = section('The Sekoia.io API behind the gateway.', {
  url: text({
    description:
      'Base URL of the API, for any region; with or without `/api`. Empty: the built-in simulator answers (demo).',
    default: '',
    pattern: baseUrl,
    expected: 'an http:// or https:// URL without user, query and fragment',
    example: 'https://api.sekoia.io'
  }),
  defaultFeedId: text({
    description: 'The feed offered to keys that may not list feeds.',
    default: 'd6092c37-d8d7-45c3-8aff-c4dc26030608',
    pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$',
    expected: "a feed's id, a UUID in lower case",
    example: 'd6092c37-d8d7-45c3-8aff-c4dc26030608'
  }),
  caFile: file({
    description:
      'Path of CAs to trust towards Sekoia, or towards the proxy in between, beside the public ones; PEM. The proxy itself is named by `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, as everywhere.',
    default: '',
    example: '/etc/gateway/egress-ca.crt'
  })
})

export const upstream = section('Calls to Sekoia: time limits, retries, and how many at a time.', {
  connectTimeoutMs: integer(100, maxMs, {
    description: 'Longest time to open a connection.',
    default: 5000,
    example: 10_000
  }),
  headersTimeoutMs: integer(100, maxMs, {
    description: 'Longest wait for the head of an answer.',
    default: 30_000,
    example: 60_000
  }),
  bodyTimeoutMs: integer(100, maxMs, {
    description: 'Longest silence within a body.',
    default: 30_000,
    example: 60_000
  }),
  totalTimeoutMs: integer(100, maxMs, {
    description: 'Longest time for one call with all its attempts.',
    default: 60_000,
    example: 120_000
  }),
  patienceMs: integer(0, maxMs, {
    description:
      'How long a call that meets trouble is tried again, or waits until Sekoia may be tried again, before it fails. Below what clients wait, and not below `feedLog.readBudgetMs`.',
    default: 20_000,
    example: 10_000
  }),
  secondTryMs: integer(100, maxMs, {
    description:
      'Silence after which a call is made once more beside the first, in case its answer got lost.',
    default: 3000,
    example: 10_000
  }),
  maxAttempts: integer(1, 10, {
    description:
      'Attempts of one call, the first included, that are made whatever `patienceMs` is.',
    default: 3,
    example: 5
  }),
  backoffMs: integer(1, 60_000, {
    description:
      'Mean pause before the second attempt; it doubles from there up to a tenth of `patienceMs`, with jitter.',
    default: 200,
    example: 500
  }),
  maxInFlightPerKey: integer(1, 100, {
    description: 'Most calls at a time with one key; further calls queue.',
    default: 4,
    example: 2
  }),
  backfillParallel: integer(1, 32, {
    description:
      'Most pages of one feed at a time while its history is read for the first time. How many there are adapts to what Sekoia bears; never more than `maxInFlightPerKey`. 1: one after the other, as clients ask. More is being tried out: see decision 0018 for what is not proven yet.',
    default: 1,
    example: 2
  }),
  breakerFailures: integer(1, 1000, {
    description:
      'Failures in a row after which a key, or Sekoia when it cannot be connected to, is left alone for a while.',
    default: 5,
    example: 10
  }),
  breakerResetMs: integer(100, maxMs, {
    description:
      'Longest time for which it is left alone before it is tried again; a tenth of it at first. Requests wait for that.',
    default: 10_000,
    example: 30_000
  }),
  retryAfterMax: integer(1, day, {
    description: 'Longest pause that a `Retry-After` of Sekoia can cause, in seconds.',
    default: 900,
    example: 300
  }),
  maxBodyBytes: integer(mebibyte, 1024 * mebibyte, {
    description: 'Largest answer accepted, after decompression.',
    default: 64 * mebibyte,
    example: 128 * mebibyte
  })
})

export const access = section('How long a decision of Sekoia about a key holds.', {
  rightsSeconds: integer(1, day, {
    description:
      'Longest time for which a key keeps access to a feed after Sekoia last accepted it.',
    default: 300,
    example: 60
  }),
  refusedSeconds: integer(0, 3600, {
    description: 'How long a refused key is refused without asking Sekoia again.',
    default: 10,
    example: 30
  }),
  collectionsSeconds: integer(0, day, {
    description: 'How long the list of feeds of a key is used before it is fetched again.',
    default: 60,
    example: 300
  }),
  secret: text({
    description:
      'Secret that turns keys into the names of what is stored for them; the same on every gateway of one Redis, at least 32 characters. Empty: read from `<dataDir>/secret`, which is made at the first start.',
    default: '',
    pattern: '^(.{32,})?$',
    expected: 'text of at least 32 characters',
    secret: true,
    example: 'the output of: openssl rand -hex 32'
  })
})
