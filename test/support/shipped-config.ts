import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Config, loadConfig } from '../../src/config/load.ts'

/** The configuration that is shipped, under an environment. */
export const loadShipped = (env: Readonly<Record<string, string>>): Config =>
  loadConfig({
    directory: fileURLToPath(new URL('../../config', import.meta.url)),
    env,
    readFile: path => readFileSync(path, 'utf8')
  })
