import { flag, integer, mebibyte, oneOf, section, text } from './notes.ts'

/** Options about what is served. */

export const taxii = section('TAXII 2.1.', {
  mode: oneOf(['field', 'strict'], {
    description:
      'Where the standard and the clients in the field disagree: follow the clients (`field`) or the standard (`strict`). docs/taxii.md has the table.',
    default: 'field',
    example: 'strict'
  }),
  apiRoot: text({
    description: 'Path segment of the API root, beside `/taxii2/`.',
    default: 'sekoia',
    pattern: '^[A-Za-z0-9_-]{1,64}$',
    expected: 'one path segment of letters, digits, `_` and `-`',
    example: 'cti'
  }),
  title: text({
    description: 'Title in the discovery answer and of the API root.',
    default: 'Sekoia.io CTI feeds',
    pattern: '\\S',
    expected: 'a title',
    example: 'Threat intelligence'
  }),
  description: text({
    description: 'Description in the discovery answer. Empty: left out.',
    default: 'Sekoia.io Intelligence Center feeds over TAXII 2.1',
    example: 'Feeds for the SOC'
  }),
  contact: text({
    description: 'Contact in the discovery answer. Empty: left out.',
    default: '',
    example: 'soc@example.com'
  }),
  defaultLimit: integer(1, 100_000, {
    description: 'Objects in an answer when the request has no `limit`. At most `maxLimit`.',
    default: 1000,
    example: 500
  }),
  maxLimit: integer(1, 100_000, {
    description: 'Most objects in an answer, whatever `limit` asks for.',
    default: 10_000,
    example: 2000
  }),
  maxBytes: integer(1024, 1024 * mebibyte, {
    description: 'Most bytes of objects in an answer; one object is sent whatever its size.',
    default: 16 * mebibyte,
    example: 8 * mebibyte
  }),
  tipToken: flag({
    description:
      'Also send `next` with the last page, for clients that store it and resume from it.',
    default: false,
    example: true
  })
})

export const stix = section('STIX objects.', {
  repair: oneOf(['on', 'off'], {
    description:
      'Repair invalid objects by named rules (`on`), or serve them unchanged (`off`). Valid objects are never changed.',
    default: 'on',
    example: 'off'
  })
})
