import { hash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createTag } from '../http/conditional.ts'

/** A file as it is served: read once, so that one process never mixes two releases. */
export interface ServedFile {
  /** Path below the gateway's address. */
  readonly url: string
  readonly mediaType: string
  readonly body: Buffer
  readonly tag: string
}

/** What a page has to know before anybody has shown a credential. */
export interface ListenerFacts {
  /** Whose credentials the listener takes. */
  readonly takes: readonly ('key' | 'operator')[]
  /** The key of the built-in simulator; undefined in front of Sekoia. */
  readonly demoKey: string | undefined
}

const shell = ['shell/text', 'shell/frame', 'shell/controls'] as const

/** Each page: its module is `web/<name>/<name>.js`, and it has the styles `web/<style>.css`. */
export const pages = [
  { url: '/', name: 'set-up', title: 'Set-up', styles: [...shell, 'set-up/set-up'] },
  { url: '/status', name: 'status', title: 'Status', styles: [...shell, 'status/status'] },
  {
    url: '/look-up',
    name: 'look-up',
    title: 'Look-up',
    styles: [...shell, 'status/status', 'look-up/look-up']
  }
] as const

const web = new URL('web/', import.meta.url)
const mediaTypes: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml'
}

/** The pages themselves, all made of one template. */
export async function readPages({ takes, demoKey = '' }: ListenerFacts): Promise<ServedFile[]> {
  const template = await readFile(new URL('page.html', web), 'utf8')
  return pages.map(({ url, name, title, styles }) => {
    const values: Readonly<Record<string, string>> = {
      name,
      title,
      demoKey,
      takes: takes.join(' ')
    }
    const text = template
      .replace('%links%', styles.map(toLink).join('\n    '))
      .replace(/%(\w+)%/g, (_, value) => toAttribute(values[value] ?? ''))
    return served(url, 'text/html; charset=utf-8', Buffer.from(text))
  })
}

const toLink = (style: string): string => `<link rel="stylesheet" href="pages/${style}.css">`

/** What the pages load: modules, style and icon of `web/`, and Preact with htm as its package ships it. */
export async function readAssets(): Promise<ServedFile[]> {
  const files = await readdir(web, { recursive: true })
  const names = files.filter(name => mediaTypes[extname(name)])
  const own = names.map(name => ({ name, path: fileURLToPath(new URL(name, web)) }))
  const preact = fileURLToPath(import.meta.resolve('htm/preact/standalone'))
  return Promise.all(
    [...own, { name: 'preact.js', path: preact }].map(async ({ name, path }) =>
      served(`/pages/${name}`, mediaTypes[extname(name)]!, await readFile(path))
    )
  )
}

function served(url: string, mediaType: string, body: Buffer): ServedFile {
  const content = hash('sha256', body)
  return { url, mediaType, body, tag: createTag({ scope: '', url, representation: '', content }) }
}

const toAttribute = (text: string): string =>
  text.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`)
