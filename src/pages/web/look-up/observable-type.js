/** The types of observables that Sekoia's look-up takes, those that people look up most first. */
export const observableTypes = [
  'domain-name',
  'ipv4-addr',
  'ipv6-addr',
  'url',
  'file',
  'email-addr',
  'x509-certificate',
  'mac-addr',
  'mutex',
  'windows-registry-key',
  'user-account',
  'autonomous-system',
  'filename',
  'directory',
  'process',
  'software',
  'phone-number',
  'artifact',
  'email-message',
  'text'
]

const stixId = /^[a-z][a-z0-9-]*--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** @param {string} value */
export const isStixId = value => stixId.test(value)

const forms = /** @type {const} */ ([
  [/^[a-z][a-z0-9+.-]*:\/\//i, 'url'],
  [/^(?:\d{1,3}\.){3}\d{1,3}$/, 'ipv4-addr'],
  [/^(?=.*:.*:)[0-9a-f:.]+$/i, 'ipv6-addr'],
  [/^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$/i, 'file'],
  [/^[^\s@/]+@[^\s@/]+\.[^\s@/]+$/, 'email-addr'],
  [/^(?:[^\s./:@\\]+\.)+[^\s./:@\\\d][^\s./:@\\]+$/, 'domain-name']
])

/**
 * What a value looks like; undefined when that cannot be told. A MAC address has the form of an IPv6 address only with
 * eight groups.
 *
 * @param {string} value
 * @returns {string | undefined}
 */
export function typeOf(value) {
  if (/^(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(value)) return 'mac-addr'
  return forms.find(([form]) => form.test(value))?.[1]
}

/**
 * The value as it is meant where it was written so that nobody follows it: `hxxp`, `[.]`, `(at)`.
 *
 * @param {string} value
 */
export const refanged = value =>
  value
    .trim()
    .replace(/^hxxp(s?)/i, 'http$1')
    .replace(/\[:\]|\[:\/\/\]/g, found => found.slice(1, -1))
    .replace(/\[\.\]|\(\.\)|\[dot\]/gi, '.')
    .replace(/\[@\]|\(at\)|\[at\]/gi, '@')
