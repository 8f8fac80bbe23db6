/** What the page was told of the listener that served it. */

/** @param {string} name of the meta element */
const told = name => document.querySelector(`meta[name="${name}"]`)?.getAttribute('content') ?? ''

const takes = told('listener').split(' ')

export const listener = {
  takesKeys: takes.includes('key'),
  takesOperator: takes.includes('operator'),
  /** Of the built-in simulator; '' in front of Sekoia. */
  demoKey: told('demo-key')
}
