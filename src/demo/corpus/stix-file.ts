/** STIX objects from a JSON file, in place of a generated corpus. */
import { readFileSync } from 'node:fs'
import type { StixObject } from './context.ts'

type Content = StixObject | { objects: StixObject[] } | Content[]

/**
 * The objects of a bundle, of an array of bundles or of an array of objects; each id once, the one with the
 * latest `modified`.
 * @throws when the file cannot be read or is not JSON
 */
export function readStixFile(path: string): StixObject[] {
  const latest = new Map<string, StixObject>()
  for (const object of flatten(JSON.parse(readFileSync(path, 'utf8')) as Content)) {
    const known = latest.get(object.id)
    if (!known || timeOf(known) <= timeOf(object)) latest.set(object.id, object)
  }
  return [...latest.values()]
}

const timeOf = (object: StixObject): number =>
  Date.parse(String(object['modified'] ?? object['created'] ?? '')) || 0

function flatten(content: Content): StixObject[] {
  if (Array.isArray(content)) return content.flatMap(flatten)
  return Array.isArray(content['objects']) ? flatten(content['objects']) : [content as StixObject]
}
