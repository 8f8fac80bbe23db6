import type { Spelling } from '../../../stix/pattern/lenient.ts'

/** Names of objects and paths that tools write, with the STIX names they stand for. All are in lower case. */

/** Objects by shorter names, and by names of MISP types. */
const objects: Readonly<Record<string, string>> = {
  domain: 'domain-name',
  email: 'email-addr',
  'email-address': 'email-addr',
  ip: 'ipv4-addr',
  'ip-addr': 'ipv4-addr',
  ipv4: 'ipv4-addr',
  ipv6: 'ipv6-addr',
  mac: 'mac-addr',
  'registry-key': 'windows-registry-key',
  useragent: 'user-agent',
  'win-registry-key': 'windows-registry-key',
  x509: 'x509-certificate'
}

/** Paths without the property of the object they refer to, or without the index of a list. */
const paths: Readonly<Record<string, string>> = {
  hashes: 'hashes[*]',
  protocols: 'protocols[*]',
  values: 'values[*].data',
  'values.data': 'values[*].data',
  'values.name': 'values[*].name',
  dst_ref: 'dst_ref.value',
  src_ref: 'src_ref.value',
  from_ref: 'from_ref.value',
  sender_ref: 'sender_ref.value',
  resolves_to_refs: 'resolves_to_refs[*].value',
  'resolves_to_refs[*]': 'resolves_to_refs[*].value',
  'resolves_to_refs.value': 'resolves_to_refs[*].value',
  'resolves_to_refs.type': 'resolves_to_refs[*].type',
  parent_directory_ref: 'parent_directory_ref.path',
  languages: 'languages[*]',
  received_lines: 'received_lines[*]',
  'body_multipart.body_raw_ref.name': 'body_multipart[*].body_raw_ref.name',
  'body_multipart[*].body_raw_ref': 'body_multipart[*].body_raw_ref.name',
  ...Object.fromEntries(
    ['to', 'cc', 'bcc'].flatMap(list =>
      [`${list}_refs`, `${list}_refs[*]`, `${list}_refs.value`].map(path => [
        path,
        `${list}_refs[*].value`
      ])
    )
  )
}

/** Properties by their names in STIX 2.0 or in a tool, by object. */
const renamed: Readonly<Record<string, string>> = {
  'file:created': 'ctime',
  'file:modified': 'mtime',
  'file:accessed': 'atime',
  'process:created': 'created_time',
  'windows-registry-key:modified': 'modified_time',
  'directory:created': 'ctime',
  'directory:modified': 'mtime',
  'directory:accessed': 'atime',
  'cryptocurrency-wallet:address': 'value',
  'file:x_misp_mimetype': 'mime_type',
  'file:x_misp_fullpath': 'path',
  'process:x_misp_name': 'name',
  'domain-name:x_misp_hostname': 'x-hostname',
  'domain-name:x_misp_port': 'x-port',
  'network-traffic:x_misp_domain_family': 'extensions.socket-ext.protocol_family',
  'user-account:extensions.unix-account-ext.groups[*]': 'extensions.unix-account-ext.groups'
}

/** Objects that have hashes. */
const hashed: ReadonlySet<string> = new Set(['file', 'artifact', 'x509-certificate'])

/** A hash by the name of its algorithm alone, or of a member `hash`. */
const bareHash = /^(?:hash\.)?(md5|sha[-_]?(?:1|224|256|384|512)|imphash|ssdeep|tlsh)$/

/** In STIX 2.1 each header has a list of values. */
const header =
  /^((?:extensions\.http-request-ext\.request_header|additional_header_fields)\..+)\[\*\]$/

const headers = 'additional_header_fields'

/** Properties of a mail by MISP's names, which some tools write under `email-addr`. */
const mail: Readonly<Record<string, string>> = {
  from: 'from_ref.value',
  to: 'to_refs[*].value',
  cc: 'cc_refs[*].value',
  bcc: 'bcc_refs[*].value',
  attachment: 'body_multipart[*].body_raw_ref.name',
  'message-id': 'message_id',
  message_id: 'message_id',
  [`${headers}.message_id`]: 'message_id',
  [`${headers}.message-id`]: 'message_id',
  'reply-to': `${headers}.reply-to`,
  reply_to: `${headers}.reply-to`,
  [`${headers}.reply_to`]: `${headers}.reply-to`,
  'x-mailer': `${headers}.x-mailer`,
  x_mailer: `${headers}.x-mailer`,
  [`${headers}.x_mailer`]: `${headers}.x-mailer`,
  return_path: `${headers}.return-path`,
  'return-path': `${headers}.return-path`,
  x_misp_return_path: `${headers}.return-path`,
  x_misp_thread_index: `${headers}.thread-index`,
  x_misp_mime_boundary: `${headers}.mime-boundary`,
  subject: 'subject',
  body: 'body'
}

export interface Place {
  readonly object: string
  readonly path: string
}

/**
 * The object and path in STIX that a place stands for. Most places are unchanged.
 *
 * @param place in lower case, every index as `[*]`
 * @param seen where what is not STIX is noted
 */
export function fullPlace({ object, path: written }: Place, seen: Set<Spelling>): Place {
  const plain = object.replaceAll('_', '-').replace(/^x-opencti-/, '')
  const named = lookUp(objects, plain) ?? plain
  const listed = header.exec(written)?.[1] ?? hashPath(named, written)
  const path = lookUp(renamed, `${named.replace(/^x-/, '')}:${listed}`) ?? listed
  const inMail = /^email-(?:addr|message)$/.test(named) ? lookUp(mail, path) : undefined
  const meant = inMail
    ? { object: 'email-message', path: inMail }
    : { object: named, path: lookUp(paths, path) ?? path }
  if (named !== object || (inMail && named === 'email-addr')) seen.add('object-name')
  if (meant.path !== path || listed.startsWith('hashes') !== written.startsWith('hashes'))
    seen.add('short-path')
  return meant
}

function hashPath(object: string, path: string): string {
  if (!hashed.has(object)) return path
  const algorithm = bareHash.exec(path)?.[1]
  if (algorithm) return `hashes.${algorithm}`
  return path === 'hash' ? 'hashes[*]' : path
}

const lookUp = (table: Readonly<Record<string, string>>, key: string): string | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined
