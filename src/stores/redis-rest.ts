import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Leaves a node of Redis alone that does not answer, or answers slowly: what needs it fails at once, so that a
 * request is slowed down no more than once, and the node is tried in the background until it answers well. Each node
 * of a Cluster by itself.
 */
export interface RestOptions {
  readonly timeoutMs: number
  /** The node that holds what a tag names, in any words; it may change. */
  nodeOf(tag: string): string
  /** A small question to the node of a tag; rejects within the time limit. */
  probe(tag: string): Promise<unknown>
  /** Called when a node turns out to be slow, and when one that is left alone was tried in vain. */
  onVain(message: string): void
}

export interface NodeRest {
  /** Throws at once while the node of the tag is left alone. */
  assertAwake(tag: string): void
  /** Runs what asks the node of a tag, and rejects as it does. `isAbsence` tells errors of a node that is not there. */
  run<T>(tag: string, work: () => Promise<T>, isAbsence: (error: unknown) => boolean): Promise<T>
  /** All nodes count as well again, as on a new connection. */
  wake(): void
  close(): void
}

/** A node is slow when a small question takes this part of the time limit. */
const slowPart = 0.25

const pauseMs = 200

export function createNodeRest(options: RestOptions): NodeRest {
  const { timeoutMs, nodeOf, probe, onVain } = options
  const slowMs = timeoutMs * slowPart
  const resting = new Map<string, string>()
  const suspected = new Set<string>()
  let isClosed = false

  /** Undefined when the node answers well, else what is wrong with it. */
  async function troubleOf(tag: string): Promise<string | undefined> {
    const startedAt = performance.now()
    try {
      await probe(tag)
    } catch (error) {
      return (error as Error).message
    }
    const took = Math.round(performance.now() - startedAt)
    return took > slowMs ? `Redis is slow: ${took} ms for one answer` : undefined
  }

  function rest(node: string, tag: string, message: string): void {
    const isNew = !resting.has(node)
    resting.set(node, message)
    if (isNew) void untilWell(node, tag)
  }

  async function untilWell(node: string, tag: string): Promise<void> {
    while (!isClosed && resting.has(node) && nodeOf(tag) === node) {
      await sleep(pauseMs, undefined, { ref: false })
      const trouble = await troubleOf(tag)
      if (trouble === undefined) break
      if (!resting.has(node)) return
      resting.set(node, trouble)
      onVain(trouble)
    }
    resting.delete(node)
  }

  /** What took long may just have been large: a small question tells. */
  async function suspect(node: string, tag: string): Promise<void> {
    if (suspected.has(node)) return
    suspected.add(node)
    const trouble = await troubleOf(tag)
    suspected.delete(node)
    if (trouble === undefined || isClosed) return
    rest(node, tag, trouble)
    onVain(trouble)
  }

  return {
    assertAwake(tag) {
      const message = resting.get(nodeOf(tag))
      if (message !== undefined) throw new Error(message)
    },
    async run(tag, work, isAbsence) {
      const node = nodeOf(tag)
      const startedAt = performance.now()
      try {
        const result = await work()
        if (performance.now() - startedAt > slowMs) void suspect(node, tag)
        return result
      } catch (error) {
        if (isAbsence(error) && !isClosed) rest(node, tag, (error as Error).message)
        throw error
      }
    },
    wake: () => resting.clear(),
    close() {
      isClosed = true
      resting.clear()
    }
  }
}
