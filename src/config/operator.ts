import { flag, integer, oneOf, section, text } from './notes.ts'

/** Options about the log, metrics, pages, the operator's access and the built-in simulator. */

export const log = section('The log: JSON lines on standard output.', {
  level: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    description: 'Lowest level that is written.',
    default: 'info',
    example: 'debug'
  })
})

export const operator = section('Who runs the gateway, and sees all of it.', {
  token: text({
    description:
      'Opens `/gateway/v1/` for everything, sent like a key; the keys of clients stand there by the label of their scope. Empty: nobody has that access.',
    default: '',
    pattern: '^([\\x21-\\x7e]{16,4096})?$',
    expected: 'at least 16 visible characters without spaces',
    example: 'a-long-random-text-of-your-own',
    secret: true
  })
})

export const ops = section('A listener of its own for what the operator asks.', {
  port: integer(0, 65_535, {
    description:
      'Port for `/livez`, `/readyz`, `/metrics`, and `/gateway/v1/` for the operator: the public listener then has none of them. 0: there is one listener for all.',
    default: 0,
    example: 9090
  }),
  host: text({
    description: 'Address it listens on. Empty: that of `server.host`.',
    default: '',
    example: '127.0.0.1'
  })
})

export const pages = section('Pages for people, in a browser.', {
  enabled: flag({
    description:
      'Serve pages at `/` and beside it, to those who ask for HTML. They hold no data: what they show comes from `/gateway/v1/` with the key that is entered in them.',
    default: true,
    example: false
  })
})

export const metrics = section('Prometheus metrics.', {
  enabled: flag({
    description: 'Serve `/metrics`. It holds no key and no name derived from one.',
    default: true,
    example: false
  }),
  operatorOnly: flag({
    description: '`/metrics` asks for the operator token.',
    default: false,
    example: true
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
