import type { DeflatedPart } from './deflated-part.ts'

/** A piece of an answer: its bytes, or a stretch whose bytes are made when somebody asks for them. */
export type Chunk = Buffer | Stretch

/** A long piece of an answer of which more than the bytes may be held. Its content never changes. */
export interface Stretch {
  /** Of its content, in bytes. */
  readonly length: number
  /** The content, in one piece. */
  bytes(): Buffer
  /** Equal digests mean equal content. */
  digest(): string
  /** The content in pieces, those that are held deflated, or are worth deflating for others too, among them. */
  parts(): Promise<readonly (Buffer | DeflatedPart)[]>
  /** A way to the same stretch that keeps none of its memory (G9): undefined once its owner has released that. */
  weakly(): () => Stretch | undefined
}

export const bytesOf = (chunk: Chunk): Buffer => (Buffer.isBuffer(chunk) ? chunk : chunk.bytes())
