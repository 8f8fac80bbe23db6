import { runCommand } from '../../src/cli/commands.ts'

/** How a command ended, and what it had written. */
export interface Ran {
  readonly code: number | undefined
  readonly out: string
  readonly err: string
}

/** A command of `gateway`, in this process. */
export async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {}
): Promise<Ran> {
  const told: { out: string[]; err: string[] } = { out: [], err: [] }
  const code = await runCommand(args, {
    env,
    out: text => void told.out.push(text),
    err: text => void told.err.push(text)
  })
  return { code, out: told.out.join('\n'), err: told.err.join('\n') }
}
