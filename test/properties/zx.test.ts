import { Journal } from '../../src/feedlog/journal/journal.ts'

const put = Journal.prototype.put
Journal.prototype.put = function (head: any, ids: any) {
  console.error(
    'put',
    head.no,
    head.kind,
    head.count,
    new Date(head.firstDate).toISOString(),
    new Date(head.lastDate).toISOString(),
    head.minNatural,
    JSON.stringify(head.stored.slice(-3)),
    JSON.stringify(head.undated),
    JSON.stringify(head.ahead)
  )
  return put.call(this, head, ids)
}
await import('./zy.test.ts')
