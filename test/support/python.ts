import { execFile, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/**
 * Python for the tests with real clients: a virtual environment below `.venv`, made by the first test that needs
 * it and made anew when `test/clients/requirements.txt` changes or the Python behind it is gone.
 */
const fromHere = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const scripts = fromHere('../clients')
const requirements = join(scripts, 'requirements.txt')
const cache = fromHere('../../.venv')
const environment = join(cache, 'clients')
const python = join(environment, 'bin', 'python')
const marker = join(environment, 'installed.txt')

/** Longest time that a test file has to allow for, in milliseconds: the first one installs. */
export const pythonTimeoutMs = 600_000

/** The interpreter. Blocks while it, or another process, makes the environment. */
export function preparePython(): string {
  if (!isReady()) {
    const unlock = lock()
    try {
      if (!isReady()) makeEnvironment()
    } finally {
      unlock()
    }
  }
  return python
}

const run = promisify(execFile)

/** What a script of `test/clients` prints, as JSON. Rejects with its stderr when it fails. */
export async function runScript<T>(name: string, args: readonly string[]): Promise<T> {
  const file = join(scripts, name)
  const { stdout } = await run(preparePython(), ['-B', file, ...args], {
    env: {},
    maxBuffer: 2 ** 28
  })
  return JSON.parse(stdout)
}

/** The command line of a script that the test talks to. */
export const scriptCommand = (name: string, args: readonly string[]): [string, string[]] => [
  preparePython(),
  ['-B', join(scripts, name), ...args]
]

function isReady(): boolean {
  if (!existsSync(marker)) return false
  if (readFileSync(marker, 'utf8') !== readFileSync(requirements, 'utf8')) return false
  return spawnSync(python, ['-c', 'import taxii2client']).status === 0
}

/** A lock that the system takes back from a process that dies: SQLite's on a file. */
function lock(): () => void {
  mkdirSync(cache, { recursive: true })
  const database = new DatabaseSync(join(cache, 'lock'), { timeout: pythonTimeoutMs })
  database.exec('BEGIN EXCLUSIVE')
  return () => database.close()
}

function makeEnvironment(): void {
  const make = ['-m', 'venv', '--clear', environment]
  if (spawnSync('python3', make).status !== 0) {
    installPython()
    demand('python3', make)
  }
  demand(python, ['-m', 'pip', 'install', '--disable-pip-version-check', '-r', requirements])
  writeFileSync(marker, readFileSync(requirements))
}

/** Debian has `venv` in a package of its own. */
function installPython(): void {
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version']).status !== 0) {
    throw new Error(
      'The tests with real clients need python3 with its venv module: on Debian and Ubuntu ' +
        '`apt-get install python3-venv`, elsewhere any Python from 3.10 on.'
    )
  }
  demand('apt-get', ['update'])
  demand('apt-get', ['install', '--yes', '--no-install-recommends', 'python3-venv'])
}

function demand(command: string, args: readonly string[]): void {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  })
  if (status === 0) return
  const said = error?.message ?? `${stdout}${stderr}`.slice(-2000)
  throw new Error(`${command} ${args.join(' ')} failed: ${said}`)
}
