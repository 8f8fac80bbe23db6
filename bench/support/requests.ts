/** A client that asks for one URL again and again. Arguments: URL, accepted encoding, how often. */
import { Pool } from 'undici'
import { taxiiHeaders } from './clients.ts'

const [address = '', encoding = 'identity', count = '1'] = process.argv.slice(2)
const { origin, pathname, search } = new URL(address)
const pool = new Pool(origin, { connections: 1 })
for (let i = 0; i < Number(count); i++) {
  const { statusCode, body } = await pool.request({
    method: 'GET',
    path: pathname + search,
    headers: { ...taxiiHeaders, 'accept-encoding': encoding }
  })
  await body.dump({ limit: 2 ** 30 })
  if (statusCode !== 200) throw new Error(`${statusCode} for ${address}`)
}
await pool.close()
