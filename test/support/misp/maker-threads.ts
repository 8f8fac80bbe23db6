import type { Test } from 'tap'
import { MakerThread, type MakerThreadOptions } from '../../../src/misp/build/maker.ts'

export interface StartedThread {
  readonly thread: MakerThread
  /** Of batches that were then made by the thread that asked. */
  readonly failures: unknown[]
}

/** A thread that makes events as the mapping of tests does, a bucket a batch; it ends with the test. */
export function startMakerThread(
  t: Test,
  options: Partial<MakerThreadOptions> = {}
): StartedThread {
  const failures: unknown[] = []
  const thread = new MakerThread({
    data: { mapping: { defaultTlp: 'amber' }, galaxiesDir: '' },
    onFailure: error => failures.push(error),
    batchBytes: 1,
    ...options
  })
  t.teardown(() => thread.close())
  return { thread, failures }
}

/** The module of a thread that ends with its second batch, without a word. */
export const dyingThread = new URL('dying-maker-thread.ts', import.meta.url)
