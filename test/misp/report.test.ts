import fc from 'fast-check'
import t from 'tap'
import {
  mapCourseOfAction,
  mapNote,
  mapReport,
  mapVulnerability
} from '../../src/misp/mapping/report.ts'
import type { StixObject } from '../../src/stix/object.ts'
import { stixId } from '../support/objects.ts'

/** What is not in the golden files. */

const id = stixId('report', 1)
const report = (members: object): StixObject => ({ id, type: 'report', ...members })

t.test('a report that says nothing still has a name and a text', async t => {
  t.strictSame(mapReport(report({})), {
    name: id,
    content: `- STIX id: ${id}`,
    links: [],
    refusedLinks: 0,
    vulnerabilities: [],
    refs: []
  })
  t.strictSame(mapNote({ id, type: 'note' }), { name: id, content: `- STIX id: ${id}` })
})

t.test('a name is on one line and at most 255 characters', async t => {
  t.equal(mapReport(report({ name: ' a\n b ' })).name, 'a b')
  t.equal(mapReport(report({ name: 'a'.repeat(300) })).name, 'a'.repeat(255))
  t.equal(mapNote(report({ abstract: 'a\u{1f600}' })).name, 'a?')
})

t.test('a text keeps its Markdown and its wide characters, and loses lone surrogates', async t => {
  const { content } = mapReport(report({ description: '\n# A\n\n* \u{1f600}\ud800\n' }))
  t.equal(content, `# A\n\n* \u{1f600}\ufffd\n\n- STIX id: ${id}`)
})

t.test(
  'a link is there once, and those MISP would refuse are counted and stay in the text',
  async t => {
    const urls = [
      'https://example.com/a',
      'https://example.com/a',
      'www.example.com',
      'https://example.com/é',
      ''
    ]
    const { links, refusedLinks, content } = mapReport(
      report({ external_references: urls.map(url => ({ source_name: 'a', url })) })
    )
    t.strictSame(
      links.map(({ value }) => value),
      ['https://example.com/a']
    )
    t.equal(refusedLinks, 2)
    t.match(content, '<www.example.com>')
    t.match(content, '<https://example.com/é>')
  }
)

t.test('vulnerabilities are CVE ids, each once', async t => {
  const { vulnerabilities } = mapReport(
    report({
      name: 'CVE-2026-0001',
      external_references: [
        { source_name: 'cve', external_id: 'cve-2026-0001' },
        { source_name: 'vendor', external_id: 'EX-1' }
      ]
    })
  )
  t.strictSame(
    vulnerabilities.map(({ value }) => value),
    ['CVE-2026-0001']
  )
  t.strictSame(mapVulnerability({ id, type: 'malware', name: 'CVE-2026-0001' }), [])
})

t.test('only a named course of action that is not ATT&CK’s is an Object', async t => {
  const course = (members: object) =>
    mapCourseOfAction({ id: stixId('course-of-action', 1), type: 'course-of-action', ...members })
  t.equal(course({ description: 'What to do.' }), undefined)
  t.equal(
    course({
      name: 'User Training',
      external_references: [{ source_name: 'mitre-attack', external_id: 'M1017' }]
    }),
    undefined
  )
  t.equal(mapCourseOfAction(report({ name: 'A' })), undefined)
  t.strictSame(
    course({ name: 'A' })!.values.map(({ relation }) => relation),
    ['name']
  )
})

t.test('whatever a report or note holds, it has a name and a text that JSON can carry', async t => {
  const member = fc.constantFrom(
    ...['name', 'description', 'abstract', 'content', 'external_references', 'object_refs'],
    ...['published', 'confidence', 'report_types', 'authors']
  )
  const value = fc.oneof(fc.anything(), fc.string({ unit: 'binary' }), fc.array(fc.anything()))
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.dictionary(member, value), members => {
        const texts = [mapReport(report(members)), mapNote(report(members))]
        return texts.every(
          ({ name, content }) =>
            name.length > 0 &&
            name.length <= 255 &&
            content.length > 0 &&
            name.isWellFormed() &&
            content.isWellFormed()
        )
      }),
      { seed: 20_261_124, numRuns: 1000 }
    )
  )
})
