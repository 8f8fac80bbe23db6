import { setTimeout } from 'node:timers/promises'
import type { Config } from '../config/load.ts'
import { CommandError, type Io, textOf, type Values } from './io.ts'
import { keyOf } from './settings.ts'

/** A running gateway, asked over HTTP. */
export interface GatewayApi {
  readonly base: string
  /** The JSON at a path. Throws CommandError. */
  get<T>(path: string): Promise<{ body: T; headers: Headers }>
}

/** `--url`, which commands that ask a running gateway share. */
export const urlOption = { url: { type: 'string' } } as const
export const urlHelp =
  '  --url URL   address of the gateway; default: as configured, on this machine'

const attempts = 5
const pauseMs = 2000

/** @param forOperator the operator's listener and token, where there are such; else the public one, and the key. */
export function openApi(config: Config, io: Io, values: Values, forOperator: boolean): GatewayApi {
  const base = (textOf(values['url']) ?? addressOf(config, forOperator)).replace(/\/+$/, '')
  if (!isHttp(base)) throw new CommandError('--url is an address such as http://127.0.0.1:8080')
  const { token } = config.operator
  const key = keyOf(io)?.reveal()
  const credential = forOperator ? token || key : key
  if (!credential)
    throw new CommandError(
      `give a Sekoia API key in SEKOIA_API_KEY or SEKOIA_API_KEY_FILE${forOperator ? ', or OPERATOR_TOKEN' : ''}`
    )
  const headers = { authorization: `Bearer ${credential}`, accept: '*/*' }
  return {
    base,
    get: <T>(path: string) => ask<T>(base + path, headers)
  }
}

const isHttp = (url: string): boolean => /^https?:$/.test(URL.parse(url)?.protocol ?? '')

/** Answers that pass are asked for again. */
async function ask<T>(
  url: string,
  headers: Record<string, string>
): Promise<{ body: T; headers: Headers }> {
  for (let attempt = 1; ; attempt++) {
    const reply = await fetch(url, { headers }).catch(() => undefined)
    const body = reply?.ok ? await reply.json().catch(() => undefined) : undefined
    if (reply && body !== undefined) return { body: body as T, headers: reply.headers }
    const isPassing = !reply || reply.ok || reply.status === 429 || reply.status >= 500
    if (!isPassing || attempt === attempts) throw new CommandError(failureOf(url, reply))
    if (!reply?.bodyUsed) await reply?.body?.cancel()
    await setTimeout(pauseMs)
  }
}

function failureOf(url: string, reply: Response | undefined): string {
  const { origin, pathname } = new URL(url)
  if (!reply) return `no gateway answers at ${origin}`
  if (reply.ok) return `${origin}${pathname} gave no whole answer`
  const why = reply.status === 401 ? ': the key or token is not accepted' : ''
  return `${origin}${pathname} answered ${reply.status}${why}`
}

const everywhere = new Set(['0.0.0.0', '::'])

function addressOf({ server, ops, operator }: Config, forOperator: boolean): string {
  const isOps = forOperator && ops.port !== 0 && operator.token !== ''
  const { host, port } = isOps ? { host: ops.host || server.host, port: ops.port } : server
  const scheme = server.tls.certFile ? 'https' : 'http'
  const name = everywhere.has(host) ? '127.0.0.1' : host
  return `${scheme}://${name.includes(':') ? `[${name}]` : name}:${port}`
}
