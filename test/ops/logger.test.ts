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
