import t from 'tap'
import { keysAlone, storedForms } from '../support/stored-forms.ts'
import { membersIn, plain, samplesOf } from '../support/stored-samples.ts'
import { storedValues } from '../support/stored-scene.ts'

/** What an earlier version stored can be read, from the last release on, and every form has a sample (K10). */

t.test('every stored sample is read as it was when it was stored', async t => {
  for (const form of storedForms)
    for (const [i, { values }] of samplesOf(form).entries())
      for (const { stored, reads } of values)
        t.match(
          { reads: plain(await form.read(Buffer.from(stored, 'base64'))) },
          { reads },
          `${form.name}-${i + 1}`
        )
})

t.test('what is stored now has the forms of the newest samples', async t => {
  const stored = await storedValues(t)
  const values = stored.filter(({ at, value }) => value.length > 0 || !keysAlone.test(at))
  const unknown = values.filter(({ at }) => !storedForms.some(form => form.at.test(at)))
  t.same(
    [...new Set(unknown.map(({ at }) => at))],
    [],
    'a new form needs a row in test/support/stored-forms.ts'
  )
  for (const form of storedForms) {
    const own = values.filter(({ at }) => form.at.test(at))
    t.same(
      membersIn(form, own),
      samplesOf(form).at(-1)?.members,
      `${form.name}: a changed form needs a sample: npm run stored-samples`
    )
  }
})
