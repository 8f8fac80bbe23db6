import { isDeepStrictEqual } from 'node:util'

/**
 * The four TLP marking definitions that STIX 2.1 §7.2.1.4 fixes to the letter. Sekoia uses their ids for bodies of
 * its own, and clients that know the constants refuse these.
 */
export const constantCreated = '2017-01-20T00:00:00.000Z'

const constant = (colour: string, uuid: string) => ({
  type: 'marking-definition',
  spec_version: '2.1',
  id: `marking-definition--${uuid}`,
  created: constantCreated,
  definition_type: 'tlp',
  name: `TLP:${colour.toUpperCase()}`,
  definition: { tlp: colour }
})

const constants = new Map(
  [
    constant('white', '613f2e26-407d-48c7-9eca-b8e91df99dc9'),
    constant('green', '34098fce-860f-48ae-8e50-ebd3cc5e41da'),
    constant('amber', 'f88d31f6-486f-44da-b317-01333bde0b82'),
    constant('red', '5e57c739-391a-4eb3-b6be-7d15ca92d5ed')
  ].map(marking => [marking.id, { marking, text: JSON.stringify(marking) }])
)

/**
 * @param json the object as it came
 * @returns the constant of this id; undefined when there is none, or when the object is it already
 */
export function markingConstant(id: string, json: () => string): string | undefined {
  const known = constants.get(id)
  return known && !isDeepStrictEqual(JSON.parse(json()), known.marking) ? known.text : undefined
}
