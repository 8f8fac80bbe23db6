/**
 * The handle of a simulator over HTTP, under `/_control/`, for tests in another process. JSON in and out;
 * README.md lists the calls. There is no key: keep the simulator on the loopback interface.
 */
import type { KeyState } from './access.ts'
import type { OddKind } from './corpus/odd.ts'
import type { Reply } from './delivery.ts'
import type { Fault } from './faults.ts'
import type { OddOptions } from './feeds/feed-state.ts'
import type { FeedDescription } from './feeds/feeds.ts'
import { jsonBody } from './feeds/formats.ts'
import type { Handle } from './handle.ts'
import { Problem } from './problem.ts'
import type { Switches } from './switches.ts'

export interface ControlCall {
  readonly method: string
  /** What follows `/_control/`. */
  readonly path: string
  readonly query: URLSearchParams
  readonly text: string
}

/** The JSON bodies of the calls, all in one; each call reads its own members. */
interface Command extends OddOptions {
  id: string
  kind: OddKind
  key: string
  base64: string
  count: number
  object: Record<string, unknown>
  set: number
  advance: number
  fault: Fault
  times: number
  probability: number
  state: Partial<KeyState>
  feed: Partial<FeedDescription>
  switches: Partial<Switches>
  forMs: number
}

type Action = (simulator: Handle, command: Partial<Command>, query: URLSearchParams) => unknown

const id = (command: Partial<Command>): string => {
  if (command.id === undefined) throw new Problem(400, 'id is missing')
  return command.id
}

const actions: Readonly<Record<string, Action>> = {
  'GET state': simulator => stateOf(simulator),
  'POST clock': ({ clock }, { set, advance }) => {
    if (set !== undefined) clock.set(set)
    clock.advance(advance ?? 0)
    return { now: clock.now() }
  },
  'POST add': (simulator, { object, count, ...options }) => ({
    ids: simulator.add(object ?? count ?? 1, options)
  }),
  'POST ties': (simulator, { count, ...options }) => ({ ids: simulator.ties(count ?? 2, options) }),
  'POST odd': (simulator, { kind, ...options }) => {
    if (!kind) throw new Problem(400, 'kind is missing')
    return { id: simulator.odd(kind, options) }
  },
  'POST edit': (simulator, { members, ...command }) => ({
    modified: simulator.edit(id(command), members, command)
  }),
  'POST revoke': (simulator, command) => ({ modified: simulator.revoke(id(command), command) }),
  'POST attach': (simulator, { base64 = '', ...command }) => ({
    sha256: simulator.attach(id(command), Buffer.from(base64, 'base64'))
  }),
  'POST remove': (simulator, command) => ({ removed: simulator.remove(id(command)) }),
  'GET visible': (simulator, _, query) => simulator.visible(query.get('feed') ?? undefined),
  'GET unreadable': (simulator, _, query) => simulator.unreadable(query.get('feed') ?? undefined),
  'GET object': (simulator, _, query) => simulator.get(query.get('id') ?? '') ?? null,
  'GET calls': simulator => simulator.calls,
  'DELETE calls': simulator => {
    simulator.calls.length = 0
  },
  'GET keys': simulator => Object.fromEntries(simulator.keys),
  'PUT keys': (simulator, { key, state }) => simulator.putKey(key ?? simulator.key, state),
  'PUT feeds': (simulator, { feed }) => ({ id: simulator.putFeed(feed ?? {}) }),
  'PATCH switches': (simulator, { switches }) => Object.assign(simulator.switches, switches),
  'POST faults': ({ faults }, { fault, times, probability }) => {
    if (!fault) throw new Problem(400, 'fault is missing')
    if (probability === undefined) faults.once(fault, times)
    else faults.rate(fault, probability)
  },
  'DELETE faults': ({ faults }) => faults.clear(),
  'POST refuse': (simulator, { forMs }) => {
    setImmediate(() => simulator.refuse(forMs ?? 1000))
  }
}

/** @throws Problem 400, 404 */
export function answerControl(simulator: Handle, call: ControlCall): Reply {
  const action = actions[`${call.method} ${call.path}`]
  if (!action) throw new Problem(404, 'No such control')
  const command = JSON.parse(call.text || '{}') as Partial<Command>
  return {
    status: 200,
    body: jsonBody(JSON.stringify(action(simulator, command, call.query) ?? {}))
  }
}

const stateOf = ({ clock, size, faults, switches, feeds }: Handle): object => ({
  now: clock.now(),
  size,
  faultsWaiting: faults.waiting,
  switches,
  feeds: [...feeds.keys()]
})
