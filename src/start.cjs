'use strict'

/**
 * Starts the gateway, or the file named as the first argument, once it is known that this Node can run it. Plain
 * JavaScript that versions as old as 12 understand: they get a sentence in place of a stack trace.
 */

const oldest = 24

/**
 * What keeps this Node from running the gateway, in one line for the operator; undefined when nothing does.
 *
 * @param {string} version as in `process.version`
 * @param {unknown} stripsTypes as in `process.features.typescript`
 * @param {string} path of the program
 */
function whyNot(version, stripsTypes, path) {
  const remedy = `install Node ${oldest}, or run \`npm ci\` without --ignore-scripts, which brings its own`
  if (Number(version.slice(1).split('.')[0]) < oldest)
    return `sekoia-feed-gateway needs Node ${oldest} or newer, and ${path} is ${version}: ${remedy}.`
  if (!stripsTypes)
    return `sekoia-feed-gateway needs a Node that runs TypeScript, and ${path} (${version}) does not: ${remedy}.`
  return undefined
}

/** What an import failed for, in one line; undefined when the operator can do nothing about it. */
function whyNotImported(error) {
  const isMissing = error.code === 'ERR_MODULE_NOT_FOUND' && /package/.test(error.message)
  return isMissing ? 'sekoia-feed-gateway is not installed whole: run `npm ci` first.' : undefined
}

/**
 * Keeps code as it was compiled and its types stripped. The next start takes less time and memory, and so do threads,
 * which would strip the types once more. Where nothing can be written, nothing is kept.
 */
function keepCompiled() {
  const { existsSync } = require('node:fs')
  const { enableCompileCache } = require('node:module')
  const { join } = require('node:path')
  const installed = join(__dirname, '..', 'node_modules')
  if (process.env.NODE_COMPILE_CACHE || !existsSync(installed)) return
  const path = join(installed, '.cache', 'sekoia-feed-gateway')
  if (enableCompileCache(path).directory) process.env.NODE_COMPILE_CACHE = path
}

function start(file) {
  const reason = whyNot(process.version, process.features.typescript, process.execPath)
  if (reason) fail(reason)
  keepCompiled()
  import(file).catch(error => fail(whyNotImported(error) || error))
}

/** Ends the process. */
function fail(reason) {
  console.error(reason)
  process.exit(1)
}

// The file is taken out, so that it finds its own arguments where they usually are.
if (require.main === module) start(process.argv.splice(2, 1)[0] || './main.ts')
else module.exports = { start, whyNot, whyNotImported }
