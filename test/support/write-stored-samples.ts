import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { storedForms } from './stored-forms.ts'
import { addSample, membersIn, samplesOf } from './stored-samples.ts'
import { storedValues } from './stored-scene.ts'

/** Adds a sample of every stored form that is new: `npm run stored-samples`. The older ones stay. */
t.test('stored samples', async t => {
  const values = await storedValues(t)
  for (const form of storedForms) {
    const own = values.filter(({ at }) => form.at.test(at))
    const newest = samplesOf(form).at(-1)
    const isNew = own.length > 0 && !isDeepStrictEqual(newest?.members, membersIn(form, own))
    if (isNew) await addSample(form, own)
    t.pass(`${form.name}: ${own.length} values${isNew ? ', a new sample' : ''}`)
  }
})
