import { runCommand } from './commands.ts'

/** The process of the command line: arguments → exit code. */

process.exitCode = await runCommand(process.argv.slice(2), {
  env: process.env,
  out: text => console.log(text),
  err: text => console.error(text)
})
