import type { ClientRequest, Expected, Target } from './client.ts'

/** The requests that clients share. */

type Style = Pick<ClientRequest, 'accept' | 'credential'>

export const taxii: Style = {
  accept: 'application/taxii+json;version=2.1',
  credential: 'basic'
}
export const bearer: Style = { ...taxii, credential: 'bearer' }
export const anything: Style = { accept: '*/*', credential: 'bearer' }

/** What follows the address of the gateway in one of its URLs. */
const below = ({ baseUrl }: Target, url: string): string => url.slice(baseUrl.length + 1)

export const discovery = (target: Target, style = taxii): ClientRequest =>
  toRequest(below(target, target.discovery), 'discovery', style)

export const apiRoot = (target: Target, style = taxii): ClientRequest =>
  toRequest(below(target, target.apiRoot), 'api-root', style)

export const collections = (target: Target, style = taxii): ClientRequest =>
  toRequest(`${below(target, target.apiRoot)}collections/`, 'collections', style)

export const collection = (target: Target, style = taxii): ClientRequest =>
  toRequest(below(target, target.objects.replace(/objects\/$/, '')), 'collection', style)

/** @param query with its question mark; '' for none. */
export const objects = (target: Target, query = '', style = taxii): ClientRequest =>
  toRequest(`${below(target, target.objects)}${query}`, 'envelope', style)

/** What any client of TAXII 2.1 asks for that is given the discovery URL. */
export const fromDiscovery = (target: Target): ClientRequest[] => [
  discovery(target),
  apiRoot(target),
  collections(target),
  objects(target)
]

export const mispFile = (target: Target, name: string, expected: Expected): ClientRequest =>
  toRequest(`${below(target, target.misp)}/${name}`, expected, anything)

export const nativePage = (target: Target, query: string, style = anything): ClientRequest =>
  toRequest(`${below(target, target.native)}${query}`, 'native-page', style)

export const native = (path: string, expected: Expected, style = anything): ClientRequest =>
  toRequest(path, expected, style)

const toRequest = (path: string, expected: Expected, style: Style): ClientRequest => ({
  path,
  expected,
  ...style
})
