import { Agent, request } from 'undici'
import type { GatewayProcess } from './gateway-process.ts'

/** A gateway of several processes: its workers, and clients that reach each of them. */

/** On a connection of its own: the next worker's turn. */
export async function get(url: string, key: string): Promise<string> {
  const dispatcher = new Agent()
  try {
    const headers = { authorization: `Bearer ${key}`, accept: 'application/taxii+json;version=2.1' }
    const { statusCode, body } = await request(url, { dispatcher, headers })
    const text = await body.text()
    if (statusCode !== 200) throw new Error(`${statusCode} ${text}`)
    return text
  } finally {
    await dispatcher.close()
  }
}

/** Of the workers that said that they serve, by their number; of each number the last. */
export async function pidsOf(
  gateway: GatewayProcess,
  starts: number
): Promise<Map<number, number>> {
  const [text] = await gateway.told(new RegExp(`^(?:[^]*?"msg":"a worker serves"){${starts}}`))
  const lines = text.split('\n').filter(line => line.includes('a worker serves'))
  return new Map(
    lines.map(line => {
      const [, pid] = /"pid":(\d+)/.exec(line)!
      const [, no] = /"worker":(\d+)/.exec(line)!
      return [Number(no), Number(pid)]
    })
  )
}

export const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
