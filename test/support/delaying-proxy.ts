import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Scope } from './redis.ts'

/** A TCP proxy that passes everything on as late as it is told; gone when the test ends. */
export interface DelayingProxy {
  readonly port: number
  /** Milliseconds by which answers are late from now on. */
  delayMs: number
}

export async function startDelayingProxy(t: Scope, to: number): Promise<DelayingProxy> {
  const sockets = new Set<Socket>()
  const proxy = { port: 0, delayMs: 0 }
  const server = createServer(client => {
    const target = connect(to, '127.0.0.1')
    for (const socket of [client, target]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    client.pipe(target)
    target.on('data', bytes => setTimeout(() => client.write(bytes), proxy.delayMs))
    target.on('close', () => client.destroy())
    client.on('close', () => target.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(async () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  proxy.port = (server.address() as AddressInfo).port
  return proxy
}
