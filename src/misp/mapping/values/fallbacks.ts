/** Why a pattern, or a part of it, has no MISP type. The words are also label values of metrics. */
export const fallbackReasons = [
  /** There is none, or it is blank: nothing is emitted. */
  'no-pattern',
  /** Its language is neither STIX nor one that MISP has a type for. */
  'pattern-type',
  /** It is no pattern of STIX. */
  'unparsed',
  /** Observations in an order, or joined by AND without a strong identifier; too many alternatives. */
  'structure',
  /** Something other than `=`, IN, LIKE without wildcards, or ISSUBSET of addresses, without a strong identifier. */
  'operator',
  'unknown-object',
  'unknown-path',
  /** AND of parts that no type and no Object of MISP combines. */
  'unrelated-and',
  /** Only properties that mean nothing alone, such as the size of a file. */
  'incomplete',
  /** MISP would refuse a value. */
  'refused-value',
  /** The pattern is longer than a value may be: it is not emitted. */
  'too-long'
] as const

export type FallbackReason = (typeof fallbackReasons)[number]

/** Types of STIX that MISP has no place for. The words are label values of metrics, too. */
export const skippedTypes: readonly string[] = [
  'grouping',
  'incident',
  'language-content',
  'malware-analysis',
  'observed-data',
  'opinion',
  'sighting'
]
