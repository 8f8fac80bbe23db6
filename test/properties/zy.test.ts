import { readFileSync } from 'node:fs'
import { play } from '../support/play.ts'

const text = readFileSync('/tmp/brief/ce.json', 'utf8')
  .replaceAll('__proto__', 'p')
  .replaceAll('p:null,', '')
  .replaceAll('"p":null,', '')
await play(JSON.parse(text)[0])
console.log('passed')
