import fc from 'fast-check'
import { pino } from 'pino'
import t from 'tap'
import { request } from 'undici'
import { createLogger, describeError } from '../../src/ops/logger.ts'
import { fakeServer, notHttp } from '../support/fake-server.ts'

const logged = (error: unknown): string => {
  let text = ''
  const destination = {
    write(line: string) {
      text += line
    }
  }
  createLogger({ level: 'info', destination }).error({ err: error }, 'trouble')
  return text
}

t.test('an error is logged with its causes, codes and places, without a stack', async t => {
  const inner = Object.assign(new TypeError('inner'), { code: 'E_INNER' })
  const text = logged(new Error('outer', { cause: inner }))
  t.match(JSON.parse(text), {
    level: 50,
    msg: 'trouble',
    err: {
      type: 'Error',
      message: 'outer',
      cause: { type: 'TypeError', message: 'inner', code: 'E_INNER' }
    }
  })
  t.notMatch(text, /stack|logger\.test/)
})

t.test(
  'the bytes that undici could not parse are not logged, though its error holds them',
  async t => {
    const { url } = await fakeServer(t, notHttp)
    const error = await request(url).catch(error => error)
    t.match(error, { data: /not what was meant/ })
    const text = logged(error)
    t.match(text, /"type":"HTTPParserError","message":"/)
    t.notMatch(text, /meant/)
  }
)

t.test('of an error in the gateway the innermost place is told', async t => {
  const error = new Error('x')
  error.stack = `Error: x
    at parse (node:internal/x:1:1)
    at read (file:///opt/gateway/src/feedlog/head.ts:58:16)
    at load (file:///opt/gateway/src/feedlog/journal.ts:9:1)`
  t.strictSame(describeError(error), { type: 'Error', message: 'x', at: 'feedlog/head.ts:58' })
})

t.test('causes that never end and things that are no errors are told as well', async t => {
  const error = new Error('round')
  error.cause = error
  t.equal(logged(error).match(/round/g)?.length, 6)
  t.strictSame(describeError('sio_key'), { type: 'string', message: 'not an error' })
})

t.test('the line of a request is the line that pino makes', async () => {
  const made: string[] = []
  const destination = { write: (line: string) => void made.push(line) }
  const loggers = [
    createLogger({ level: 'info', destination }),
    pino({ level: 'info', base: null, serializers: { err: describeError } }, destination)
  ].map(logger => logger.child({ requestId: 'id "1"' }))
  const text = fc.string({ unit: 'binary', maxLength: 120 })
  const value = fc.oneof(text, fc.double(), fc.boolean(), fc.constant(undefined))
  const fields = fc.dictionary(fc.string(), value, { minKeys: 1, noNullPrototype: true })
  const failure = fc.option(fc.constant(new Error('no')), { nil: undefined, freq: 10 })
  fc.assert(
    fc.property(fields, failure, (told, err) => {
      made.length = 0
      for (const logger of loggers) logger.info({ status: 200, ...told, err }, 'request')
      const [ours, pinos] = made.map(line => line.replace(/"time":\d+/, ''))
      return ours === pinos
    }),
    { seed: 1 }
  )
})
