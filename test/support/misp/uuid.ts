/** What MISP takes for a UUID: version nibble 0–5 and variant 0, 8, 9, a or b (MISP-1.2). */
export const isMispUuid = (text: string): boolean =>
  /^[\da-f]{8}-[\da-f]{4}-[0-5][\da-f]{3}-[089ab][\da-f]{3}-[\da-f]{12}$/i.test(text)

/** What this gateway emits: version 5, lower case (MISP-4, INV-6). */
export const isVersion5 = (text: string): boolean =>
  /^[\da-f]{8}-[\da-f]{4}-5[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/.test(text)
