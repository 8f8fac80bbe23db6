import { parseArgs } from 'node:util'
import { ConfigError } from '../config/load.ts'
import { version } from '../ops/version.ts'
import { backup, restore } from './backup.ts'
import { check } from './check.ts'
import { config } from './config.ts'
import { feeds } from './feeds.ts'
import { type Command, CommandError, type Given, type Io, toTable } from './io.ts'
import { purge } from './purge.ts'
import { status } from './status.ts'
import { verify } from './verify.ts'
import { warm } from './warm.ts'

const serve: Command = {
  summary: 'serves until it is asked to end',
  arguments: [],
  options: {},
  help: `Configured by the environment, see docs/configuration.md.
Exit code: 0 when it was stopped, 1 when it could not start, 2 when the configuration is wrong.`,
  async run() {
    await import('../main.ts')
    return 0
  }
}

const commands: Readonly<Record<string, Command>> = {
  serve,
  check,
  config,
  status,
  feeds,
  warm,
  verify,
  purge,
  backup,
  restore
}

/** What a command line comes to; undefined for a process that goes on by itself. */
export async function runCommand(args: readonly string[], io: Io): Promise<number | undefined> {
  const [name = '--help', ...rest] = args
  if (name === '--help' || name === '-h' || name === 'help') {
    io.out(usage())
    return 0
  }
  if (name === '--version') {
    io.out(version)
    return 0
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command) return refuse(io, `${name} is no command: see gateway --help`)
  try {
    const given = parse(name, command, rest)
    if (!given) {
      io.out(helpOf(name, command))
      return 0
    }
    const code = await command.run(given, io)
    return command === serve ? undefined : code
  } catch (error) {
    if (error instanceof CommandError || error instanceof ConfigError)
      return refuse(io, error.message)
    throw error
  }
}

function refuse(io: Io, reason: string): number {
  io.err(reason)
  return 2
}

/** Undefined when help is asked for. */
function parse(name: string, command: Command, args: readonly string[]): Given | undefined {
  const { options, arguments: named } = command
  const given = parsed(name, args, { ...options, help: { type: 'boolean', short: 'h' } })
  if (given.values['help']) return undefined
  if (given.positionals.length !== named.length)
    throw new CommandError(
      `usage: gateway ${[name, ...named].join(' ')}; see gateway ${name} --help`
    )
  return given
}

function parsed(name: string, args: readonly string[], options: Command['options']): Given {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
    return { values: values as Given['values'], positionals }
  } catch (error) {
    throw new CommandError(`${(error as Error).message.split('.')[0]}; see gateway ${name} --help`)
  }
}

const usage = (): string =>
  `Usage: gateway COMMAND [options]

${toTable(Object.entries(commands).map(([name, command]) => [`  ${name}`, command.summary]))}

gateway COMMAND --help tells the options of each. --version tells the version.`

const helpOf = (name: string, { summary, arguments: named, help }: Command): string =>
  `Usage: gateway ${[name, ...named, '[options]'].join(' ')}

${summary.charAt(0).toUpperCase()}${summary.slice(1)}.

${help}`
