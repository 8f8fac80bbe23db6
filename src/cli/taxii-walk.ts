import type { Config } from '../config/load.ts'
import type { GatewayApi } from './api.ts'
import { CommandError } from './io.ts'
import { LoopMark } from './loop-mark.ts'

export interface ManifestRecord {
  readonly id: string
  readonly version: string
}

interface Resource<T> {
  readonly objects?: readonly T[]
  readonly more?: boolean
  readonly next?: string
}

/** A page of a feed, as the gateway gives it. */
export interface WalkedPage<T> {
  readonly objects: readonly T[]
  /** date_added of the last one; undefined when the page is empty. */
  readonly lastDate: string | undefined
}

/** Follows `next` to the end of a collection. Throws CommandError. */
export async function* walkGateway<T>(
  api: GatewayApi,
  { taxii: { apiRoot, maxLimit } }: Config,
  feed: string,
  { endpoint, addedAfter }: { readonly endpoint: string; readonly addedAfter?: string | undefined }
): AsyncGenerator<WalkedPage<T>> {
  const path = `/${apiRoot}/collections/${encodeURIComponent(feed)}/${endpoint}/`
  const mark = new LoopMark()
  for (let next: string | undefined; ; ) {
    const query = new URLSearchParams({ limit: String(maxLimit) })
    if (addedAfter !== undefined) query.set('added_after', addedAfter)
    if (next !== undefined) query.set('next', next)
    const { body, headers } = await api.get<Resource<T>>(`${path}?${query}`)
    const objects = body.objects ?? []
    const lastDate = headers.get('x-taxii-date-added-last') ?? undefined
    yield { objects, lastDate: objects.length > 0 ? lastDate : undefined }
    if (!body.more || body.next === undefined) return
    if (mark.isBack(body.next)) throw new CommandError('the gateway gave a `next` that leads back')
    next = body.next
  }
}
