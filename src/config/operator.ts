import { flag, integer, oneOf, section, text } from './notes.ts'

/** Options about the log, metrics and the built-in simulator. */

export const log = section('The log: JSON lines on standard output.', {
  level: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    description: 'Lowest level that is written.',
    default: 'info',
    example: 'debug'
  })
})

export const metrics = section('Prometheus metrics.', {
  enabled: flag({
    description: 'Serve `/metrics`. It holds no key and no name derived from one.',
    default: true,
    example: false
  }),
  maxFeeds: integer(0, 10_000, {
    description:
      'Most feeds with a series of their own, named by their id: those whose end is oldest. 0: only the oldest end of all is told.',
    default: 100,
    example: 0
  })
})

export const demo = section('The built-in simulator, used when `sekoia.url` is empty.', {
  objects: integer(1, 100_000_000, {
    description: 'STIX objects in its feed.',
    default: 20_000,
    example: 1_000_000
  }),
  seed: integer(0, 4_294_967_295, {
    description: 'The same seed gives the same objects.',
    default: 1,
    example: 42
  }),
  key: text({
    description: 'The API key that it accepts. Not a secret.',
    default: 'demo-key',
    pattern: '^\\S+$',
    expected: 'text without spaces',
    example: 'demo-key'
  })
})
