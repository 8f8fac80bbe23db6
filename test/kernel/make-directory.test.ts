import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { makeDirectory } from '../../src/kernel/make-directory.ts'

t.test('makes what is missing, for its owner alone, and leaves what is there', async t => {
  const root = t.testdir()
  const path = join(root, 'a', 'b', 'c')
  makeDirectory(path)
  makeDirectory(path)
  for (const part of ['a', 'a/b', 'a/b/c'])
    t.equal(statSync(join(root, part)).mode & 0o777, 0o700, part)
})

t.test(
  'throws what the system says: for a file in the way, and where nothing can be made',
  async t => {
    const root = t.testdir()
    writeFileSync(join(root, 'file'), '')
    t.throws(() => makeDirectory(join(root, 'file')), { code: 'EEXIST' })
    t.throws(() => makeDirectory(join(root, 'file', 'x')), { code: 'ENOTDIR' })
    t.throws(() => makeDirectory('/proc/no/such/place'), { code: 'ENOENT' })
  }
)
