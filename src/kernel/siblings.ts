/** The processes of one gateway (`server.workers`), for what they have to know of each other. */
export interface Siblings {
  /**
   * Makes `topic` a question that every process answers by `own`. The function that comes back asks it: the own answer
   * first, then those of the others that answer within a second.
   */
  share<T>(topic: string, own: () => T | Promise<T>): () => Promise<readonly T[]>
  /** `take` gets what other processes tell of `topic`; the function that comes back tells them. */
  channel<T>(topic: string, take: (value: T) => void): (value: T) => void
  /** In public words that some of them are gone; undefined while all are there. */
  trouble(): string | undefined
}

/** A gateway of one process. */
export const alone: Siblings = {
  share: (_topic, own) => async () => [await own()],
  channel: () => () => {},
  trouble: () => undefined
}
