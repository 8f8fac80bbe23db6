import type { RawUpstream } from '../../kernel/raw-upstream.ts'

/**
 * The upstream for requests whose key may stand in the query, where the operator allows that: there it is for the
 * gateway alone, and goes on as a header.
 */
export function withoutKeyParameter(raw: RawUpstream, name: string): RawUpstream {
  if (name === '') return raw
  return {
    ask: (caller, request, read) =>
      raw.ask(caller, { ...request, target: without(request.target, name) }, read)
  }
}

function without(target: string, name: string): string {
  const at = target.indexOf('?')
  if (at === -1) return target
  const pairs = target.slice(at + 1).split('&')
  const isOwn = (pair: string) => new URLSearchParams(pair).has(name)
  const others = pairs.filter(pair => !isOwn(pair))
  return others.length === 0 ? target.slice(0, at) : `${target.slice(0, at)}?${others.join('&')}`
}
