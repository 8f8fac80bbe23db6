import t from 'tap'
import { unwalkableReason } from '../../src/feeds/unwalkable.ts'

t.test(
  'a feed set to newest first, or to another format than JSON, cannot be walked (U-1)',
  async t => {
    t.match(unwalkableReason({ sortOrder: 'desc', format: 'json' }), /oldest first/)
    t.match(unwalkableReason({ sortOrder: 'asc', format: 'text' }), /Format to JSON/)
    t.equal(unwalkableReason({ sortOrder: 'asc', format: 'json' }), undefined)
    t.equal(unwalkableReason({ sortOrder: undefined, format: 'json' }), undefined)
  }
)
