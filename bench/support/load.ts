/**
 * Clients that ask for one URL again and again, each on a connection of its own, and look at no more of an answer than
 * its length. Arguments: URL, accepted encoding, connections, seconds. Prints what came of it as JSON.
 */
import { connect } from 'node:net'
import { taxiiHeaders } from './clients.ts'

const [address = '', encoding = 'identity', connections = '1', seconds = '1'] =
  process.argv.slice(2)
const { hostname, port, pathname, search, host } = new URL(address)
const headers = { host, ...taxiiHeaders, 'accept-encoding': encoding }
const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
const question = `GET ${pathname}${search} HTTP/1.1\r\n${lines.join('')}\r\n`

const times: number[] = []
let bytes = 0
const endAt = performance.now() + Number(seconds) * 1000
const startedAt = performance.now()
await Promise.all(Array.from({ length: Number(connections) }, askOn))
const ms = performance.now() - startedAt
times.sort((a, b) => a - b)
const at = (share: number) => times[Math.floor(times.length * share)]
console.log(JSON.stringify({ answers: times.length, bytes, ms, p50: at(0.5), p99: at(0.99) }))

function askOn(): Promise<void> {
  const socket = connect(Number(port), hostname).setNoDelay()
  return new Promise((resolve, reject) => {
    let left = 0
    let askedAt = 0
    const ask = () => {
      askedAt = performance.now()
      socket.write(question)
    }
    socket.on('connect', ask)
    socket.on('error', reject)
    socket.on('close', () => resolve())
    socket.on('data', chunk => {
      left = left > 0 ? left - chunk.length : restOf(chunk)
      bytes += chunk.length
      if (left > 0) return
      const now = performance.now()
      times.push(now - askedAt)
      if (now < endAt) ask()
      else socket.end()
    })
  })
}

/** Bytes of the answer that are still to come behind its first piece, which holds all of its head. */
function restOf(chunk: Buffer): number {
  const end = chunk.indexOf('\r\n\r\n')
  const head = chunk.toString('latin1', 0, end)
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
  if (!head.startsWith('HTTP/1.1 200') || length === undefined) throw new Error(head)
  return end + 4 + Number(length) - chunk.length
}
