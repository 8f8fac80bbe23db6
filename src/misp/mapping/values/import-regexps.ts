/**
 * The import regular expressions that a fresh MISP has, in its order. MISP rewrites every value by them before it
 * compares it with the values of the event, so paths that differ in the name of a user alone become one value there
 * (M7). An operator of MISP may change the list: the gateway publishes values as they are, and keeps apart what the
 * default list makes equal, see events/collation.ts.
 *
 * An expression with `(.*?)` is divided into what is before and after it. This keeps the work linear in the value.
 */
export interface ImportRegexp {
  readonly head: RegExp
  /** What must follow later on the same line; absent for expressions without `(.*?)`. */
  readonly tail?: RegExp
  /** '' if MISP refuses the value. */
  readonly replacement: string
}

const rewrite = (head: RegExp, replacement: string): ImportRegexp => ({ head, replacement })
const between = (head: RegExp, tail: RegExp, replacement: string): ImportRegexp => ({
  head,
  tail,
  replacement
})

const sid = 'S(?:-[0-9]){2}-[0-9]{2}'
const hive = (rest: string): ImportRegexp =>
  rewrite(new RegExp(`.REGISTRY.USER.${sid}${rest}`, 'gi'), 'HKCU')

const users = /.:.Users\\/gi
const settings = /.:.Documents and Settings\\/gi
const temp = /\\AppData.Local.Temp./gi

export const importRegexps: readonly ImportRegexp[] = [
  rewrite(/.:.ProgramData./gi, '%ALLUSERSPROFILE%\\'),
  rewrite(/.:.Documents and Settings.All Users./gi, '%ALLUSERSPROFILE%\\'),
  rewrite(/.:.Program Files.Common Files./gi, '%COMMONPROGRAMFILES%\\'),
  rewrite(/.:.Program Files x86.Common Files./gi, '%COMMONPROGRAMFILES(x86)%\\'),
  between(users, temp, '%TEMP%\\'),
  rewrite(/.:.Program Files./gi, '%PROGRAMFILES%\\'),
  rewrite(/.:.Users.Public./gi, '%PUBLIC%\\'),
  between(settings, /\\Local Settings.Temp./gi, '%TEMP%\\'),
  between(users, /\\AppData.Local./gi, '%LOCALAPPDATA%\\'),
  between(users, /\\AppData.Roaming./gi, '%APPDATA%\\'),
  between(users, /\\Application Data./gi, '%APPDATA%\\'),
  between(/.:.Windows\\/gi, /\\Application Data./gi, '%APPDATA%\\'),
  between(users, /\\/g, '%USERPROFILE%\\'),
  between(/.:.DOCUME~1.\\/gi, /\\/g, '%USERPROFILE%\\'),
  between(settings, /\\/g, '%USERPROFILE%\\'),
  rewrite(/.:.Windows./gi, '%WINDIR%\\'),
  hive('-[0-9]{9}-[0-9]{10}-[0-9]{9}-[0-9]{4}'),
  hive('(?:-[0-9]{10}){2}-[0-9]{9}-[0-9]{4}'),
  hive('(?:-[0-9]{10}){3}-[0-9]{4}'),
  rewrite(/.REGISTRY.MACHINE./gi, 'HKLM\\'),
  rewrite(/%USERPROFILE%.Application Data.Microsoft.UProof/gi, ''),
  rewrite(/%USERPROFILE%.Local Settings.History/gi, ''),
  rewrite(/%APPDATA%.Microsoft.UProof/gi, ''),
  rewrite(/%LOCALAPPDATA%.Microsoft.Windows.Temporary Internet Files/gi, '')
]

/** MISP leaves rules of this type alone. */
const excluded: ReadonlySet<string> = new Set(['sigma'])

/** Every expression needs one of these. Most values have none, URLs among them, and are returned at once. */
const isPath =
  /:.(?:ProgramData|Documents and|Program Files|Users|Windows|DOCUME~1)|registry|%(?:USERPROFILE|(?:LOCAL)?APPDATA)%/i

/** The value as a MISP with the default list stores it; undefined when it refuses it. */
export function imported(type: string, value: string): string | undefined {
  if (excluded.has(type) || !isPath.test(value)) return value
  let text = value
  for (const { head, tail, replacement } of importRegexps) {
    const next = text
      .split('\n')
      .map(line => replaceAll(line, head, tail, replacement))
      .join('\n')
    if (replacement === '' && next !== text) return undefined
    text = next
  }
  return text
}

/** If no tail follows a head, none follows a later head either, so the loop ends and each character is read once. */
function replaceAll(line: string, head: RegExp, tail: RegExp | undefined, by: string): string {
  let out = ''
  let at = 0
  for (;;) {
    head.lastIndex = at
    const found = head.exec(line)
    if (!found) break
    let end = head.lastIndex
    if (tail) {
      tail.lastIndex = end
      if (!tail.exec(line)) break
      end = tail.lastIndex
    }
    out += line.slice(at, found.index) + by
    at = end
  }
  return out + line.slice(at)
}
