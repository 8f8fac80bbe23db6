import { copyFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { Agent, request } from 'undici'
import { startSimulator } from '../../src/demo/simulator.ts'
import { makeCertificate } from './certificate.ts'
import { type GatewayProcess, startGateway } from './gateway-process.ts'

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

/** Two workers in front of a small feed; resolves when both serve. */
export async function startWorkers(t: Test, env: Readonly<Record<string, string>> = {}) {
  const simulator = await startSimulator({ objects: 200, historyDays: 30, bloat: false })
  t.teardown(() => simulator.close())
  const gateway = await startGateway(t, { WORKERS: '2', SEKOIA_URL: simulator.url, ...env })
  return { simulator, gateway, pids: await pidsOf(gateway, 2) }
}

/** Certificates in turn at the same paths. */
export function changingCertificate(t: Test) {
  const directory = t.testdir()
  const [certFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')]
  const put = (name: string) => {
    const made = makeCertificate(t, name)
    copyFileSync(made.certFile, certFile)
    copyFileSync(made.keyFile, keyFile)
  }
  const DATA_DIR = join(directory, 'data')
  const env = { SERVER_TLS_CERT_FILE: certFile, SERVER_TLS_KEY_FILE: keyFile, DATA_DIR }
  return { put, env, remove: () => rmSync(certFile) }
}
