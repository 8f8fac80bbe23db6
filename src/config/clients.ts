import { Type } from 'typebox'
import { annotate, baseUrl, file, integer, maxMs, section, text } from './notes.ts'

/** Options about clients: how they reach the gateway, how many at a time, and where they put their key. */

export const server = section('How clients reach the gateway.', {
  host: text({
    description: 'Address to listen on. `0.0.0.0` or `::` for every interface.',
    default: '127.0.0.1',
    pattern: '^\\S+$',
    expected: 'an address or a host name',
    example: '0.0.0.0'
  }),
  port: integer(0, 65_535, {
    description: 'Port to listen on; 0 lets the system choose one.',
    default: 8080,
    example: 8443
  }),
  workers: Type.Union([Type.Integer({ minimum: 1, maximum: 64 }), Type.Literal('auto')], {
    ...annotate<number | 'auto'>({
      description:
        'Processes that serve on this port; `auto` is one for each core. More than one share the store, and the bounds of memory for answers are divided among them. See [operations.md](operations.md#all-cores).',
      default: 1,
      example: 4
    }),
    expected: 'a whole number from 1 to 64, or auto',
    wordOrNumber: true
  }),
  workerTimeoutMs: integer(0, maxMs, {
    description:
      'With several workers: one whose event loop has not turned for so long is killed and replaced; 0: never.',
    default: 30_000,
    example: 60_000
  }),
  publicUrl: text({
    description:
      'Base URL under which clients see the gateway, with its path prefix if a proxy adds one. Empty: taken from each request.',
    default: '',
    pattern: baseUrl,
    expected: 'an http:// or https:// URL without user, query and fragment',
    example: 'https://cti.example.com/sekoia'
  }),
  trustProxy: Type.Union(
    [
      Type.Boolean(),
      Type.Array(
        Type.String({ pattern: '^(loopback|linklocal|uniquelocal|[0-9a-fA-F.:]+(/[0-9]+)?)$' })
      )
    ],
    {
      ...annotate<boolean | string[]>({
        description:
          'Whose `X-Forwarded-*` headers to believe: nobody (`false`), everybody (`true`), or these addresses and networks (a list; commas in the environment).',
        default: false,
        example: ['10.0.0.0/8', '192.0.2.1']
      }),
      expected: 'true, false or a list of addresses and networks',
      list: true
    }
  ),
  requestTimeoutMs: integer(1000, maxMs, {
    description: 'Longest time for a client to send its request.',
    default: 30_000,
    example: 10_000
  }),
  keepAliveTimeoutMs: integer(1000, maxMs, {
    description:
      'How long a connection without a request stays open. Behind a proxy, set it above the time for which the proxy keeps its connections.',
    default: 72_000,
    example: 30_000
  }),
  sendTimeoutMs: integer(1000, maxMs, {
    description: 'A client that reads nothing of its answer for this long is disconnected.',
    default: 30_000,
    example: 60_000
  }),
  maxConnections: integer(1, 1_000_000, {
    description: 'Most connections open at a time; more are closed at once.',
    default: 2000,
    example: 10_000
  }),
  maxConnectionsPerAddress: integer(1, 1_000_000, {
    description:
      'Most of them from one client address; then those go first that have been quiet for longest. Proxies that `trustProxy` names have no such bound; behind them a client address may have so many requests under way.',
    default: 500,
    example: 100
  }),
  corsOrigins: Type.Array(Type.String({ pattern: '^(\\*|https?://[^\\s/?#@,]+)$' }), {
    ...annotate<string[]>({
      description:
        'Web pages of these origins may read answers in a browser (CORS); `*` for all (a list; commas in the environment). Empty: none.',
      default: [],
      example: ['https://soc.example.com']
    }),
    expected: 'a list of origins such as https://soc.example.com, or *',
    list: true
  }),
  closeTimeoutMs: integer(0, maxMs, {
    description: 'On SIGTERM: longest wait for running requests before the process ends.',
    default: 10_000,
    example: 30_000
  }),
  tls: section('Own TLS. Leave all three empty behind a proxy that ends TLS.', {
    certFile: file({
      description: 'Path of the certificate chain, PEM. Given together with `keyFile`.',
      default: '',
      example: '/etc/gateway/tls.crt'
    }),
    keyFile: file({
      description: 'Path of the private key, PEM.',
      default: '',
      example: '/etc/gateway/tls.key'
    }),
    clientCaFile: file({
      description:
        'Path of the CA that client certificates must come from, PEM. Empty: none asked.',
      default: '',
      example: '/etc/gateway/clients.crt'
    })
  })
})

export const overload = section(
  'When to refuse work with 503. Requests that carry `next` are never refused: they wait.',
  {
    maxActiveRequests: integer(1, 100_000, {
      description:
        'Most requests for objects, manifests and versions at a time, from their start until the answer is out. Multiplied by `taxii.maxBytes` it bounds the memory that answers take.',
      default: 100,
      example: 400
    }),
    maxQueuedRequests: integer(0, 1_000_000, {
      description: 'Most of these requests that may queue.',
      default: 1000,
      example: 100
    }),
    maxEventLoopDelayMs: integer(0, 60_000, {
      description:
        'Mean delay of the event loop above which the process counts as overloaded. 0: never.',
      default: 1000,
      example: 500
    })
  }
)

export const auth = section('Where a client may put its Sekoia API key besides `Authorization`.', {
  apiKeyHeader: text({
    description: 'Header that may carry the key. Empty: none.',
    default: 'X-API-Key',
    pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]*$",
    expected: 'the name of a header',
    example: 'X-Auth-Token'
  }),
  queryParameter: text({
    description:
      'Query parameter that may carry the key; such keys end up in the logs of proxies. Empty: none.',
    default: '',
    pattern: '^[A-Za-z0-9_.-]*$',
    expected: 'the name of a query parameter',
    example: 'api_key'
  }),
  maxUnknownPerMinute: integer(0, 1_000_000, {
    description:
      'Most requests in a minute from one address with keys that Sekoia never accepted; more are 429. Requests that carry `next` are not counted. 0: any number.',
    default: 300,
    example: 60
  })
})
