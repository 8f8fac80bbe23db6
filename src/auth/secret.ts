import { randomBytes } from 'node:crypto'
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeDirectory } from '../kernel/make-directory.ts'

/** The secret that turns keys into scopes, and signs what must come back unchanged (G6). */
export interface ScopeSecret {
  /** At least 32 characters. */
  readonly secret: string
  /** False if the secret is lost when the process ends: scopes then change, and stored data is not found again. */
  readonly durable: boolean
  /** Why it is not durable. */
  readonly reason?: string
}

export interface ScopeSecretSources {
  /** From the configuration; '' when it gives none. */
  readonly configured: string
  readonly dataDir: string
}

const minimumLength = 32

/**
 * Returns the configured secret, else the one in `<dataDir>/secret`, else a new one written there. Never throws: if
 * the directory cannot be used, or the file holds no secret, it returns a new one that is not durable.
 */
export async function loadScopeSecret(sources: ScopeSecretSources): Promise<ScopeSecret> {
  if (sources.configured) return { secret: sources.configured, durable: true }
  const file = join(sources.dataDir, 'secret')
  try {
    makeDirectory(sources.dataDir)
    const secret = (await readSecret(file)) ?? (await createSecret(file))
    return { secret, durable: true }
  } catch (error) {
    return { secret: newSecret(), durable: false, reason: (error as Error).message }
  }
}

const newSecret = () => randomBytes(32).toString('hex')

async function readSecret(file: string): Promise<string | undefined> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const secret = text.trim()
  if (secret.length < minimumLength) {
    throw new Error(`${file} holds fewer than ${minimumLength} characters`)
  }
  return secret
}

/**
 * Writes to another name and then links it, so that the file appears complete. If two processes start together, the
 * second takes the first one's secret.
 */
async function createSecret(file: string): Promise<string> {
  const aside = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
  const secret = newSecret()
  try {
    await writeFile(aside, `${secret}\n`, { mode: 0o600, flag: 'wx', flush: true })
    await link(aside, file)
    return secret
  } catch (error) {
    const winner = await readSecret(file)
    if (winner === undefined) throw error
    return winner
  } finally {
    await rm(aside, { force: true })
  }
}
