/** The trouble of a store in public words. The store's own text may name a path, a host or a user. */
export function publicTrouble(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const subject = subjects.find(subject => text.startsWith(subject)) ?? 'the store is in trouble'
  const reason = reasons.find(([pattern]) => pattern.test(text))?.[1]
  return reason === undefined ? subject : `${subject}: ${reason}`
}

/** As the stores begin their texts. */
const subjects = [
  'the data directory cannot be used',
  'reading failed',
  'writing failed',
  'connecting failed',
  'leasing failed'
]

const reasons: readonly (readonly [RegExp, string])[] = [
  [/\bfull\b|ENOSPC|EDQUOT/i, 'the disk is full'],
  [/did not answer|timed out|ETIMEDOUT/i, 'no answer in time'],
  [/not connected|ECONN|ENOTFOUND|EHOSTUNREACH|EPIPE|EAI_/, 'no connection'],
  [/newer than/, 'a newer gateway wrote it'],
  [/not a database|malformed|corrupt/i, 'the file is damaged'],
  [/EACCES|EPERM|EROFS|readonly|NOPERM|NOAUTH|WRONGPASS/, 'not permitted'],
  [/ENOTDIR|EEXIST|ENOENT/, 'the path is no directory'],
  [/locked|busy/, 'another process holds it']
]
