import t from 'tap'
import { obstacleOf } from '../../src/feeds/obstacle.ts'

t.test(
  'a feed set to newest first, or to another format than JSON, cannot be walked (U-1)',
  async t => {
    t.match(obstacleOf({ sortOrder: 'desc', format: 'json' }), /oldest first/)
    t.match(obstacleOf({ sortOrder: 'asc', format: 'text' }), /Format to JSON/)
    t.equal(obstacleOf({ sortOrder: 'asc', format: 'json' }), undefined)
    t.equal(obstacleOf({ sortOrder: undefined, format: 'json' }), undefined)
  }
)
