/** Values in files that products read: titles of feeds may hold anything. */

/** Characters that cannot be seen, or that steer the direction of text. */
const hidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu

/** A string in double quotes, for JSON, YAML and Python alike. */
export const quoted = (text: string): string =>
  JSON.stringify(text).replace(hidden, character =>
    character.length === 1
      ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
      : character
  )

/** A word in single quotes for a POSIX shell. */
export const shellQuoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

export const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`

/** A service for Docker Compose with an environment, as OpenCTI's connectors are run. Compose takes `$$` for `$`. */
export const composeService = (
  service: string,
  image: string,
  environment: Readonly<Record<string, string>>
): string =>
  [
    'services:',
    `  ${service}:`,
    `    image: ${quoted(image)}`,
    '    restart: always',
    '    environment:',
    ...Object.entries(environment).map(
      ([name, value]) => `      ${name}: ${quoted(value).replaceAll('$', '$$$$')}`
    ),
    ''
  ].join('\n')
