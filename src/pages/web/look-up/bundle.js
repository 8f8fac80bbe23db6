/** @typedef {{ type: string, id: string, [member: string]: any }} StixObject */

/**
 * A bundle of STIX 2.1, each object once.
 *
 * @param {readonly StixObject[]} objects
 */
export const toBundle = objects => ({
  type: 'bundle',
  id: `bundle--${randomUuid()}`,
  objects: [...new Map(objects.map(object => [object.id, object])).values()]
})

/** `crypto.randomUUID` is there on https alone. */
function randomUuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/**
 * Gives the browser a file to save.
 *
 * @param {readonly StixObject[]} objects
 * @param {string} name
 */
export function download(objects, name) {
  const text = JSON.stringify(toBundle(objects), null, 2)
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/stix+json' }))
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
