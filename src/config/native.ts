import { integer, mebibyte, oneOf, section } from './notes.ts'

/** Options of the native dialect. */
export const native = section("Sekoia's own API, for scripts and connectors written for it.", {
  passThrough: oneOf(['documented', 'all', 'off'], {
    description:
      'What is passed on to Sekoia without being kept: the documented calls, every path below the prefixes, or nothing.',
    default: 'documented',
    example: 'all'
  }),
  feedSortOrder: oneOf(['asc', 'as-sent'], {
    description:
      'What becomes of a new feed without `sort_order`: it is created oldest first (`asc`), which walks and TAXII need, or as it was sent.',
    default: 'asc',
    example: 'as-sent'
  }),
  cacheMaxBytes: integer(0, 1024 * mebibyte, {
    description: 'Most memory for answers to look-ups.',
    default: 32 * mebibyte,
    example: 128 * mebibyte
  })
})
