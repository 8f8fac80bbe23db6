import { type TSchema, Type } from 'typebox'

/** What an option is made of: its kind, its bounds, and what is said of it. */

interface Note<T> {
  readonly description: string
  readonly default: T
  readonly example: T
}

interface TextNote extends Note<string> {
  /** Regular expression of the values allowed. */
  readonly pattern?: string
  /** The same in words, after «must be». */
  readonly expected?: string
  /** Never printed; can also be given as `<ENV NAME>_FILE`, the path of a file that holds it. */
  readonly secret?: true
}

export const annotate = <T>({ example, ...note }: Note<T>) => ({ ...note, examples: [example] })
export const text = (note: TextNote) => Type.String(annotate(note))
/** A path; '' is none. What it names is read, to know early that it can be. */
export const file = (note: Note<string>) => Type.String({ ...annotate(note), file: true })
export const flag = (note: Note<boolean>) => Type.Boolean(annotate(note))
export const oneOf = <T extends string>(values: T[], note: Note<NoInfer<T>>) =>
  Type.Enum(values, annotate(note))
export const integer = (minimum: number, maximum: number, note: Note<number>) =>
  Type.Integer({ ...annotate(note), minimum, maximum })
export const section = <T extends Record<string, TSchema>>(description: string, options: T) =>
  Type.Object(options, { description, additionalProperties: false })

export const day = 86_400
export const mebibyte = 1_048_576
export const maxMs = 600_000
export const baseUrl = '^(https?://[^\\s/?#@]+(/[^\\s?#]*)?)?$'
