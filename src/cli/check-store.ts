import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Config } from '../config/load.ts'
import type { CheckView } from '../gateway/schemas.ts'
import { systemClock } from '../kernel/ports.ts'
import { redisOf } from '../redis-options.ts'
import { openStore } from '../stores/open.ts'

const gibibyte = 1024 ** 3

/** Whether the store can be used. Of a data directory nothing is made or opened: it belongs to the user who serves. */
export async function checkStore(config: Config): Promise<CheckView> {
  return config.redis.url ? checkRedis(config) : checkDirectory(config)
}

function checkDirectory({ store: { dataDir, bodyMaxBytes } }: Config): CheckView {
  const path = resolve(dataDir)
  const found = nearest(path)
  if (!statSync(found).isDirectory())
    return { name: 'store', outcome: 'failed', detail: `${found} is no directory.` }
  try {
    accessSync(found, constants.W_OK | constants.X_OK)
    const { bavail, bsize } = statfsSync(found)
    const free = bavail * bsize
    const room = `${(free / gibibyte).toFixed(1)} GiB are free`
    return free < bodyMaxBytes
      ? {
          name: 'store',
          outcome: 'warning',
          detail: `${path}: only ${room}, fewer than STORE_BODY_MAX_BYTES.`
        }
      : { name: 'store', outcome: 'ok', detail: `${path}: ${room}.` }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const detail = `${path} cannot be written by this user (${code}).`
    return { name: 'store', outcome: 'failed', detail }
  }
}

/** The directory itself, or the one in which it would be made. */
const nearest = (path: string): string =>
  existsSync(path) || path === dirname(path) ? path : nearest(dirname(path))

async function checkRedis(config: Config): Promise<CheckView> {
  const { log, documents, answers } = await openStore({
    redis: redisOf(config),
    dataDir: '',
    bodyMaxBytes: 0,
    memoryMaxBytes: 0,
    clock: systemClock,
    logger: { info: () => {}, error: () => {} }
  })
  const trouble = log.trouble()
  await Promise.all([log.close(), documents.close(), answers.close()])
  return trouble === undefined
    ? { name: 'store', outcome: 'ok', detail: `Redis (${config.redis.mode}) answers.` }
    : { name: 'store', outcome: 'failed', detail: `Redis: ${trouble}.` }
}
