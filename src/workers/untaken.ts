import type { Worker } from 'node:cluster'

/** A message of node:cluster that hands a connection to a worker. */
interface HandOver {
  readonly cmd: 'NODE_CLUSTER'
  readonly act: 'newconn'
  readonly seq: number
}

/**
 * Gives a connection that a worker was handed, and did not take before it died, to another one. node:cluster keeps such
 * a connection open and forgets it, so that its client would wait for ever (seen with Node 24.21). It hands one over at
 * a time, and takes it back where the worker answers that it does not accept it: this answers for the dead.
 *
 * @param hasOthers whether another worker takes connections; if none does, the connection is closed
 */
export function passOnUntaken(worker: Worker, hasOthers: () => boolean): void {
  const { process: child } = worker
  const untaken = new Map<number, { close?(): void }>()
  const send = child.send.bind(child) as (...given: unknown[]) => boolean
  child.send = (...given: unknown[]): boolean => {
    const [message, handle] = given
    if (isHandOver(message) && handle) untaken.set(message.seq, handle)
    return send(...given)
  }
  child.on('internalMessage', ({ ack }: { readonly ack?: number }) => {
    if (ack !== undefined) untaken.delete(ack)
  })
  // Whatever it had still said has been read.
  child.once('close', () => {
    for (const [ack, handle] of [...untaken])
      if (hasOthers())
        child.emit('internalMessage', { cmd: 'NODE_CLUSTER', ack, accepted: false }, undefined)
      else handle.close?.()
  })
}

const isHandOver = (message: unknown): message is HandOver =>
  typeof message === 'object' && (message as HandOver | null)?.act === 'newconn'
