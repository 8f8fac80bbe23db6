import { type ExplainedOption, explainConfig } from '../config/load.ts'
import { findMisspelt } from '../config/misspelt.ts'
import { type Command, toTable } from './io.ts'
import { sourcesOf } from './settings.ts'

export const config: Command = {
  summary: 'the configuration as it counts, and where each value comes from',
  arguments: [],
  options: { json: { type: 'boolean' }, all: { type: 'boolean' } },
  help: `  --all    also what is left at its default
  --json   as JSON
Secrets are hidden. Variables that look like options and are none are named.
Exit code: 0, or 2 when the configuration is wrong.`,
  async run({ values }, io) {
    const options = explainConfig(sourcesOf(io))
    const shown = values['all'] ? options : options.filter(isSet)
    const misspelt = findMisspelt(io.env)
    if (values['json']) io.out(JSON.stringify({ options: shown.map(toJson), misspelt }, null, 2))
    else {
      if (shown.length > 0) io.out(toTable(shown.map(toRow)))
      else io.out('Everything is left at its default.')
      for (const { name, suggestion } of misspelt)
        io.out(`${name} is not an option and is ignored; did you mean ${suggestion}?`)
    }
    return 0
  }
}

const isSet = ({ origin }: ExplainedOption): boolean => !/(^|\/)default\.json$/.test(origin)

const toRow = ({ option, value, origin }: ExplainedOption): string[] => [
  `${option.name} (${option.envName})`,
  JSON.stringify(value),
  `from ${origin}`
]

const toJson = ({ option: { name, envName }, value, origin }: ExplainedOption) => ({
  name,
  environment: envName,
  value,
  origin
})
