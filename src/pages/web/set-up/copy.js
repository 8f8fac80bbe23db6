import { html, useEffect, useState } from '../preact.js'

/**
 * A button that copies a text. Says so for two seconds.
 *
 * @param {{ text: string, label: string }} props the label tells people who do not see the page what is copied
 */
export function CopyButton({ text, label }) {
  const [isDone, setDone] = useState(false)
  useEffect(() => {
    if (!isDone) return
    const timer = setTimeout(() => setDone(false), 2000)
    return () => clearTimeout(timer)
  }, [isDone])
  const copy = async () => setDone(await copyText(text))
  return html`
    <button class="small" onClick=${copy} aria-label=${`Copy ${label}`}>
      ${isDone ? 'Copied' : 'Copy'}
    </button>
    <span class="unseen" role="status">${isDone ? `${label} copied` : ''}</span>
  `
}

/** @param {string} text */
async function copyText(text) {
  // Browsers have no clipboard for pages over plain HTTP.
  if (!navigator.clipboard) return copyBySelection(text)
  return navigator.clipboard.writeText(text).then(
    () => true,
    () => copyBySelection(text)
  )
}

/** @param {string} text */
function copyBySelection(text) {
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'unseen'
  document.body.append(area)
  area.select()
  const isCopied = document.execCommand('copy')
  area.remove()
  return isCopied
}

/**
 * Hands a text to the browser as a file.
 *
 * @param {string} name
 * @param {string} text
 */
export function download(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/octet-stream' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
