import { threadId, workerData } from 'node:worker_threads'
import { transferring } from '../../../src/threads/pool.ts'

/** A thread of tests: what a task asks for. */

export type Asked = 'who' | 'fail' | 'exit' | 'grow' | 'data' | Uint8Array

export default function (asked: Asked): unknown {
  if (asked === 'who') return threadId
  if (asked === 'data') return workerData
  if (asked === 'fail') throw new TypeError('this task fails')
  if (asked === 'exit') process.exit(1)
  if (asked === 'grow') return grow()
  const doubled = asked.map(byte => 2 * byte)
  return transferring({ doubled, before: asked }, [doubled.buffer as ArrayBuffer])
}

function grow(): never {
  const kept: unknown[] = []
  for (;;) kept.push({ no: kept.length, text: `${kept.length}` })
}
