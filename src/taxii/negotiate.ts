import Negotiator from 'negotiator'
import { GatewayError } from '../kernel/errors.ts'
import { memoize } from '../kernel/memoize.ts'
import type { Mode } from './modes.ts'

/** The Content-Type of every TAXII answer, byte for byte: clients compare it as text (T-3.1-20). */
export const taxiiType = 'application/taxii+json;version=2.1'

/** Every parameter but `version` and `q`: D-5 ignores them, the library would compare them. */
const otherParameters = /;[ \t]*(?!version[ \t]*=|q[ \t]*=)[^;,="]+=[ \t]*(?:"[^"]*"|[^;,"]*)/gi

/**
 * True when a client that sent this Accept header takes TAXII 2.1 (RFC 9110 §12.5.1, D-5). No header, or an
 * empty one, takes everything.
 */
export function acceptsTaxii(accept: string | undefined, mode: Mode): boolean {
  if (accept === undefined || accept.trim() === '') return true
  const accepts = negotiate(accept)
  return accepts === 'taxii' || (accepts === 'json' && mode.acceptsJson)
}

const negotiate = memoize((accept: string): 'taxii' | 'json' | 'neither' => {
  const headers = { accept: accept.replace(otherParameters, '') }
  const negotiator = new Negotiator({ headers })
  if (negotiator.mediaTypes([taxiiType]).length > 0) return 'taxii'
  const types = negotiator.mediaTypes().map(type => type.toLowerCase())
  return types.includes('application/json') ? 'json' : 'neither'
})

/** @throws GatewayError `not-acceptable` (TAXII 2.1 §3.1: 406). */
export function assertAcceptable(accept: string | undefined, mode: Mode): void {
  if (acceptsTaxii(accept, mode)) return
  throw new GatewayError('not-acceptable', { detail: `This server speaks ${taxiiType} only.` })
}
