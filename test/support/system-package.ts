import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
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

/**
 * The path of one program out of a package of the system, which is taken from the system's own directories when it is
 * there, and otherwise unpacked beside the temporary files: nothing else of the package is installed, and no service
 * of it starts. Throws with what apt says when it could not be had.
 *
 * @param path of the program inside the package, for instance `usr/bin/promtool`
 */
export function programOf(name: string, path: string): string {
  if (existsSync(`/${path}`)) return `/${path}`
  const directory = join(tmpdir(), `sekoia-feed-gateway-${name}`)
  const program = join(directory, path)
  const unpack = `
    test -x ${program} && exit
    apt-get update -qq && apt-get download -qq ${name}
    dpkg-deb --fsys-tarfile ${name}_*.deb | tar -x ./${path}`
  mkdirSync(directory, { recursive: true })
  try {
    execFileSync('flock', [join(directory, 'lock'), 'sh', '-ec', unpack], {
      cwd: directory,
      stdio: ['ignore', 'ignore', 'pipe']
    })
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer }
    throw new Error(`${name} could not be unpacked: ${stderr}`)
  }
  return program
}
