/**
 * Paths as tools of the field shorten them, with the path of STIX that is meant (MP-6): a reference without the
 * property of what it refers to, and a list without an index. All in lower case.
 */
const shortened: Readonly<Record<string, string>> = {
  hashes: 'hashes[*]',
  protocols: 'protocols[*]',
  values: 'values[*].data',
  'values.data': 'values[*].data',
  'values.name': 'values[*].name',
  dst_ref: 'dst_ref.value',
  src_ref: 'src_ref.value',
  from_ref: 'from_ref.value',
  sender_ref: 'sender_ref.value',
  to_refs: 'to_refs[*].value',
  'to_refs[*]': 'to_refs[*].value',
  'to_refs.value': 'to_refs[*].value',
  cc_refs: 'cc_refs[*].value',
  'cc_refs[*]': 'cc_refs[*].value',
  'cc_refs.value': 'cc_refs[*].value',
  bcc_refs: 'bcc_refs[*].value',
  'bcc_refs[*]': 'bcc_refs[*].value',
  'bcc_refs.value': 'bcc_refs[*].value',
  resolves_to_refs: 'resolves_to_refs[*].value',
  'resolves_to_refs[*]': 'resolves_to_refs[*].value',
  'resolves_to_refs.value': 'resolves_to_refs[*].value',
  parent_directory_ref: 'parent_directory_ref.path',
  'body_multipart.body_raw_ref.name': 'body_multipart[*].body_raw_ref.name'
}

/** The path of STIX that a path stands for; most stand for themselves. */
export const fullPath = (path: string): string =>
  Object.hasOwn(shortened, path) ? shortened[path]! : path
