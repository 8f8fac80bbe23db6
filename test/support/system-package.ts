import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Installs a package of the system with apt when its program is missing; that needs root. Test files start side
 * by side: the lock lets one of them install. Throws with what apt says when it could not.
 */
export function installPackage(program: string, name: string): void {
  const isThere = `command -v ${program} >/dev/null`
  const install = `apt-get update -qq && apt-get install -qq -y --no-install-recommends ${name}`
  const lock = join(tmpdir(), `sekoia-feed-gateway-${name}.lock`)
  try {
    execFileSync(
      'sh',
      ['-c', `${isThere} || flock ${lock} sh -c '${isThere} || { ${install}; }'`],
      {
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
        stdio: ['ignore', 'ignore', 'pipe']
      }
    )
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer }
    throw new Error(`${program} is missing and could not be installed: ${stderr}`)
  }
}
