import { posix } from 'node:path'

/** The table of docs/architecture.md that says which folder may import what, and the linter's rules made of it. */

export interface FolderRule {
  /** From the root of the repository, without a slash at the end: `src/feedlog/read`. */
  readonly folder: string
  /** Folders and files, from the root; undefined: everything. */
  readonly imports: readonly string[] | undefined
  readonly packages: readonly string[]
}

/** Packages that only some folders may use. */
export const boundPackages = ['fastify', 'undici', 'ioredis']

/** The rows of the table in the text of the document. */
export const rulesIn = (text: string): FolderRule[] =>
  [...text.matchAll(/^\| `(src\/[\w/-]*)` \| .* \| ([^|]+) \|$/gm)].map(([, folder, cell]) => {
    const names = cell!.split(', ').filter(name => name !== 'nothing')
    const isFree = names.includes('everything')
    return {
      folder: folder!.replace(/\/$/, ''),
      imports: isFree
        ? undefined
        : names.filter(name => !boundPackages.includes(name)).map(name => posix.join('src', name)),
      packages: names.filter(name => boundPackages.includes(name))
    }
  })

/** True when files of the folder may import the file at this path, as the linter sees it. */
export const mayImport = ({ folder, imports }: FolderRule, path: string): boolean =>
  [folder, ...(imports ?? ['src'])].some(
    allowed => path === allowed || path.startsWith(`${allowed}/`)
  )

/** The folder of the table that a file belongs to: the nearest one above it. */
export const folderOf = (path: string, all: readonly FolderRule[]): string | undefined =>
  all
    .map(({ folder }) => folder)
    .filter(folder => path.startsWith(`${folder}/`))
    .toSorted((a, b) => b.length - a.length)[0]

/** The override of biome.json that holds the rule. */
export function overrideOf(rule: FolderRule, all: readonly FolderRule[]) {
  const { folder, imports, packages } = rule
  const isParent = all.some(other => other.folder.startsWith(`${folder}/`))
  const message = `${folder} may not import this, see docs/architecture.md`
  const paths = Object.fromEntries(
    boundPackages.filter(name => !packages.includes(name)).map(name => [name, message])
  )
  const allowed = imports?.map(path => {
    const relative = posix.relative(folder, path)
    return `!${/\.\w+$/.test(path) ? relative : `${relative}/**`}`
  })
  const patterns = allowed && [{ group: ['../**', ...allowed], message }]
  return {
    includes: [isParent ? `${folder}/*` : `${folder}/**`],
    linter: {
      rules: {
        style: {
          noRestrictedImports: {
            level: 'error',
            options: { paths, ...(patterns && { patterns }) }
          }
        }
      }
    }
  }
}
