/** The few objects that indicators point at: malware, campaigns, intrusion sets, attack patterns, reports. */

import { type StixObject, sekoia, sourcesOf } from './context.ts'
import type { CorpusSeed, Frame } from './frame.ts'
import type { KnowledgeType } from './layout.ts'
import { hash } from './random.ts'

export interface KnowledgeFrame extends Frame {
  readonly type: KnowledgeType
  /** Ids of the objects that a report refers to. */
  readonly objectRefs: readonly string[]
}

const paragraphs = [
  '# Resume\n\nA synthetic family, seen in no network. Its "operators" write in several languages: été, naïve.',
  'The loader keeps its settings under `C:\\ProgramData\\{example}` and talks to [its panel](https://example.com/panel?a=1&b=2).',
  '# Chain of infection\n\nDelivery is by mail with an attachment; the user has to open it. Nothing here is taken from a real report.',
  '| step | tool |\n|---|---|\n| 1 | none |\n| 2 | none |\n\nAfter that the sample waits, then calls home again.'
]

const killChain = [{ kill_chain_name: 'lockheed-martin-cyber-kill-chain', phase_name: 'delivery' }]

function description(pick: number): string {
  const count = 3 + (pick % 8) * (pick % 11)
  return Array.from({ length: count }, (_, i) => paragraphs[(pick + i) % 4]).join('\n\n')
}

function members(frame: KnowledgeFrame, pick: number, index: number): object {
  const name = `Synthetic ${frame.type} ${index}`
  switch (frame.type) {
    case 'malware':
      return {
        name,
        aliases: [name, `Alias ${pick % 97}`],
        is_family: true,
        malware_types: ['bot'],
        kill_chain_phases: killChain,
        confidence: pick % 101,
        description: description(pick)
      }
    case 'attack-pattern': {
      const technique = `T${1000 + (pick % 700)}`
      return {
        name,
        kill_chain_phases: killChain,
        external_references: [{ source_name: 'mitre-attack', external_id: technique, url: '' }],
        x_mitre_platforms: ['Windows', 'Linux'],
        x_mitre_version: '1.0',
        description: description(pick % 64)
      }
    }
    case 'report':
      return {
        name,
        published: frame.created,
        report_types: ['threat-report'],
        object_refs: frame.objectRefs,
        x_inthreat_uploaded_files: []
      }
    default:
      return { name, aliases: [name], description: paragraphs[pick % 4] }
  }
}

/** The JSON text of such an object in the form of a feed page. */
export function knowledgeJson(
  { seed, context }: CorpusSeed,
  index: number,
  frame: KnowledgeFrame
): string {
  const object: StixObject = {
    type: frame.type,
    id: frame.id,
    created_by_ref: sekoia,
    created: frame.created,
    modified: frame.modified,
    revoked: frame.revoked,
    object_marking_refs: [frame.marking],
    ...members(frame, hash(seed, index, 50), index),
    x_ic_deprecated: false,
    x_inthreat_sources_refs: sourcesOf(context, seed, index)
  }
  return JSON.stringify(object)
}
