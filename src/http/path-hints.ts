import type { FastifyRequest } from 'fastify'
import { baseUrlOf } from './origin.ts'

export interface HintOptions {
  /** Path segment of the API root. */
  readonly apiRoot: string
  readonly hasMisp: boolean
  /** '' when it is taken from the request. */
  readonly publicUrl: string
}

/**
 * One line for a 404 that names the path that may be meant, because people copy addresses of other servers and
 * versions. It repeats nothing of the requested path but the id of a collection.
 */
export function createHints({ apiRoot, hasMisp, publicUrl }: HintOptions) {
  return ({ raw, origin }: Pick<FastifyRequest, 'raw' | 'origin'>): string => {
    const base = publicUrl.replace(/\/+$/, '') || baseUrlOf(origin)
    const path = (raw.url ?? '').split('?', 1)[0]!
    const id = uuid.exec(path)?.[0]
    if (hasMisp && /^\/+misp\b/i.test(path))
      return `Nothing is at this path. The MISP feeds are listed at ${base}/misp/, the events of one are below ${base}/misp/${id ?? '{feed id}'}/`
    const root = `${base}/${apiRoot}/`
    const misp = hasMisp ? `, MISP feeds at ${base}/misp/` : ''
    return `Nothing is at this path. TAXII 2.1 discovery is at ${base}/taxii2/, the API root at ${root}, the objects of a collection at ${root}collections/${id ?? '{collection id}'}/objects/${misp}`
  }
}

const uuid = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/i
