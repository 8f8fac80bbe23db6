import type { ImportRegexps } from './database.ts'

/** The import regular expressions that MISP comes with, in its order, as JavaScript has them (M7). */
const defaults: readonly (readonly [expression: RegExp, replacement: string])[] = [
  [/.:.ProgramData./gi, '%ALLUSERSPROFILE%\\'],
  [/.:.Documents and Settings.All Users./gi, '%ALLUSERSPROFILE%\\'],
  [/.:.Program Files.Common Files./gi, '%COMMONPROGRAMFILES%\\'],
  [/.:.Program Files (x86).Common Files./gi, '%COMMONPROGRAMFILES(x86)%\\'],
  [/.:.Users\\(.*?)\\AppData.Local.Temp./gi, '%TEMP%\\'],
  [/.:.ProgramData./gi, '%PROGRAMDATA%\\'],
  [/.:.Program Files./gi, '%PROGRAMFILES%\\'],
  [/.:.Program Files (x86)./gi, '%PROGRAMFILES(X86)%\\'],
  [/.:.Users.Public./gi, '%PUBLIC%\\'],
  [/.:.Documents and Settings\\(.*?)\\Local Settings.Temp./gi, '%TEMP%\\'],
  [/.:.Users\\(.*?)\\AppData.Local.Temp./gi, '%TEMP%\\'],
  [/.:.Users\\(.*?)\\AppData.Local./gi, '%LOCALAPPDATA%\\'],
  [/.:.Users\\(.*?)\\AppData.Roaming./gi, '%APPDATA%\\'],
  [/.:.Users\\(.*?)\\Application Data./gi, '%APPDATA%\\'],
  [/.:.Windows\\(.*?)\\Application Data./gi, '%APPDATA%\\'],
  [/.:.Users\\(.*?)\\/gi, '%USERPROFILE%\\'],
  [/.:.DOCUME~1.\\(.*?)\\/gi, '%USERPROFILE%\\'],
  [/.:.Documents and Settings\\(.*?)\\/gi, '%USERPROFILE%\\'],
  [/.:.Windows./gi, '%WINDIR%\\'],
  [
    /.REGISTRY.USER.S(-[0-9]{1}){2}-[0-9]{2}(-[0-9]{9}){1}(-[0-9]{10}){1}-[0-9]{9}-[0-9]{4}/gi,
    'HKCU'
  ],
  [/.REGISTRY.USER.S(-[0-9]{1}){2}-[0-9]{2}(-[0-9]{10}){2}-[0-9]{9}-[0-9]{4}/gi, 'HKCU'],
  [/.REGISTRY.USER.S(-[0-9]{1}){2}-[0-9]{2}(-[0-9]{10}){3}-[0-9]{4}/gi, 'HKCU'],
  [/.REGISTRY.MACHINE./gi, 'HKLM\\'],
  [/%USERPROFILE%.Application Data.Microsoft.UProof/gi, ''],
  [/%USERPROFILE%.Local Settings.History/gi, ''],
  [/%APPDATA%.Microsoft.UProof/gi, ''],
  [/%LOCALAPPDATA%.Microsoft.Windows.Temporary Internet Files/gi, '']
]

/** Types whose values are left alone. */
const excluded: ReadonlySet<string> = new Set(['sigma', 'float'])

/** An expression without a replacement blocks what it finds. */
export const defaultImportRegexps: ImportRegexps = (type, value) => {
  if (excluded.has(type)) return value
  let text = value
  for (const [expression, replacement] of defaults) {
    if (replacement === '' && text.search(expression) >= 0) return undefined
    if (replacement !== '') text = text.replace(expression, () => replacement)
  }
  return text
}
