import { hash } from 'node:crypto'
import { parse } from 'uuid'

/**
 * Every uuid of a MISP feed is a version 5: of the product, the feed and its layout, the event, and what stands in
 * it (MISP-4). The same thing has the same uuid on every gateway, for every key, and after the loss of all
 * state; two things never share one.
 */

/** The namespace of this product. Never change it: every MISP would import everything a second time. */
const product = '2f6d5d5c-6f1e-5b0e-9c59-6b3f3a0d8a11'

/**
 * Version 5 (RFC 9562 §5.5). The library hashes in three steps, at twice the time, and refuses a text with a lone
 * surrogate: names are hashed as bytes.
 */
function named(name: string, namespace: string): string {
  const bytes = Buffer.allocUnsafe(namespaceBytes + Buffer.byteLength(name))
  bytes.set(bytesOf(namespace))
  bytes.write(name, namespaceBytes)
  const digest = hash('sha1', bytes)
  const variant = '89ab'[Number.parseInt(digest[16]!, 16) & 3]
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-5${digest.slice(13, 16)}-${variant}${digest.slice(17, 20)}-${digest.slice(20, 32)}`
}

const namespaceBytes = 16

/** Everything in an event has its uuid as namespace: the one that was read last is remembered. */
let last = { namespace: product, bytes: parse(product) }

function bytesOf(namespace: string): Uint8Array {
  if (last.namespace !== namespace) last = { namespace, bytes: parse(namespace) }
  return last.bytes
}

/** @param layout changes when events are cut in another way: see {@link layoutOf} */
export const feedNamespace = (feedId: string, layout: number): string =>
  named(`feed:${feedId}:layout:${layout}`, product)

/** @param name from bucket.ts `eventName` */
export const eventUuid = (namespace: string, name: string): string => named(name, namespace)

export const attributeUuid = (event: string, type: string, value: string): string =>
  named(`attr|${type}|${value}`, event)

/** @param source the STIX id of what it was made from; `n` counts its objects */
export const objectUuid = (event: string, template: string, source: string, n: number): string =>
  named(`obj|${template}|${source}|${n}`, event)

export const relatedUuid = (object: string, relation: string, value: string): string =>
  named(`${relation}|${value}`, object)

export const reportUuid = (event: string, source: string): string =>
  named(`report|${source}`, event)
