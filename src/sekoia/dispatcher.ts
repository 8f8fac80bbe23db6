import { rootCertificates } from 'node:tls'
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici'

/** The way out: connections to Sekoia, straight or through the proxy of the environment. */
export interface DispatcherOptions {
  readonly connectTimeoutMs: number
  /** From the request to the last header. */
  readonly headersTimeoutMs: number
  /** Between two pieces of the body. */
  readonly bodyTimeoutMs: number
  /** Bound on a body, as sent and as decompressed. */
  readonly maxBodyBytes: number
  /** CAs to trust beside the public ones, PEM. */
  readonly ca?: Buffer | undefined
  /** Undefined: Sekoia is connected to straight. */
  readonly proxies?: Proxies | undefined
}

/** What `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say; '' is nothing. */
export interface Proxies {
  readonly https: string
  readonly http: string
  readonly none: string
}

const maxConnections = 64

/** The proxies named by an environment, in the spelling that curl prefers: lower case first. */
export function proxiesOf(env: Readonly<Record<string, string | undefined>>): Proxies | undefined {
  const named = (name: string) => env[name.toLowerCase()] ?? env[name] ?? ''
  const [https, http] = [named('HTTPS_PROXY'), named('HTTP_PROXY')]
  return https || http ? { https, http, none: named('NO_PROXY') } : undefined
}

/** Throws TypeError when a proxy is no URL. */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { ca, proxies } = options
  const tls = ca === undefined ? {} : { ca: [...rootCertificates, ca.toString()] }
  const common = {
    connections: maxConnections,
    connect: { timeout: options.connectTimeoutMs, ...tls },
    headersTimeout: options.headersTimeoutMs,
    bodyTimeout: options.bodyTimeoutMs,
    maxResponseSize: options.maxBodyBytes
  }
  if (!proxies) return new Agent(common)
  return new EnvHttpProxyAgent({
    ...common,
    connectTimeout: options.connectTimeoutMs,
    requestTls: tls,
    proxyTls: tls,
    httpsProxy: proxies.https,
    httpProxy: proxies.http,
    noProxy: proxies.none
  })
}
