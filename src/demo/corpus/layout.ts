/**
 * Which kind of object stands at an index, and what relationships point at. Every 64 objects hold one piece of
 * context knowledge, 30 relationships and 33 indicators, shuffled block by block.
 */
import { hash, uuidOf } from './random.ts'

export type KnowledgeType = 'malware' | 'campaign' | 'attack-pattern' | 'intrusion-set' | 'report'

const blockSize = 64
const relationshipSlots = 30
const blockTypes: readonly KnowledgeType[] = [
  'malware',
  'campaign',
  'malware',
  'attack-pattern',
  'malware',
  'intrusion-set',
  'malware',
  'report'
]

const blockOf = (index: number): number => Math.floor(index / blockSize)
const turnOf = (seed: number, block: number): number => hash(seed, block, 10) % blockSize
const knowledgeType = (block: number): KnowledgeType => blockTypes[block % 8]!

const slotOf = (seed: number, index: number): number =>
  (index * 37 + turnOf(seed, blockOf(index))) % blockSize

/** The inverse of {@link slotOf} within a block: 37 · 45 ≡ 1 (mod 64). */
const indexAt = (seed: number, block: number, slot: number): number =>
  block * blockSize + (((slot - turnOf(seed, block) + blockSize) * 45) % blockSize)

/** The STIX type at an index. */
export function typeAt(seed: number, index: number): string {
  const slot = slotOf(seed, index)
  if (slot > relationshipSlots) return 'indicator'
  return slot > 0 ? 'relationship' : knowledgeType(blockOf(index))
}

/**
 * The indicator that a relationship starts from: in its own block, before or after it, or, for a third of them
 * and where the corpus (`size` objects) goes on that far, in the next block, always after it.
 * Slots 32 apart lie half a block apart.
 */
export function sourceRef(seed: number, index: number, size: number): string {
  const block = blockOf(index)
  const slot = slotOf(seed, index)
  const ahead = slot % 3 === 0 && (block + 2) * blockSize <= size ? 1 : 0
  const source = indexAt(seed, block + ahead, 33 + ((slot + 29) % relationshipSlots))
  return `indicator--${uuidOf(seed, source)}`
}

/** What a relationship indicates: the knowledge of one of the last 40 blocks, never a report. */
export function targetRef(seed: number, index: number): string {
  const near = Math.max(0, blockOf(index) - (hash(seed, index, 11) % 40))
  const block = knowledgeType(near) === 'report' ? near - 1 : near
  return `${knowledgeType(block)}--${uuidOf(seed, indexAt(seed, block, 0))}`
}

/** Between which indices, the second exclusive, lie all relationships of the base that touch an object. */
export function reachOf(index: number, type: string): [first: number, end: number] {
  const block = blockOf(index)
  const ahead = type === 'indicator' ? 0 : 40
  return [Math.max(0, block - 1) * blockSize, (block + ahead + 1) * blockSize]
}

/** What a report is about. */
export function reportRefs(seed: number, index: number): string[] {
  const indicators = [31, 40, 50].map(slot => indexAt(seed, blockOf(index), slot))
  return [targetRef(seed, index), ...indicators.map(at => `indicator--${uuidOf(seed, at)}`)]
}
