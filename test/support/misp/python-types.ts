import { runScript } from '../python.ts'

/** What PyMISP knows of a type of MISP. */
export interface DescribedType {
  readonly categories: readonly string[]
  readonly category: string
  readonly toIds: boolean
}

/** What misp-objects says of a template. */
export interface DescribedTemplate {
  readonly uuid: string
  readonly version: string
  readonly category: string
  readonly requiredOneOf: readonly string[]
  readonly required: readonly string[]
  /** Types by relation. */
  readonly relations: Readonly<Record<string, string>>
  /** Relations of which an Object may have several. */
  readonly multiple: readonly string[]
}

export interface DescribedTypes {
  readonly types: Readonly<Record<string, DescribedType>>
  readonly templates: Readonly<Record<string, DescribedTemplate>>
}

/** What PyMISP knows of all types, and of these templates. */
export const describeTypes = (templates: readonly string[]): Promise<DescribedTypes> =>
  runScript('misp_types.py', templates)
