import { fallbackReasons, skippedTypes } from '../misp/mapping/values/fallbacks.ts'
import { spellings } from '../stix/pattern/lenient.ts'

/**
 * Every metric of the gateway except those of the process, by its name without prefix and unit: its meaning, and its
 * labels with the values that are known in advance. A counter whose label values are all known starts at 0 in every
 * combination. A test holds that docs/operations.md has the same table.
 */

export interface MetricNote {
  /** A sentence. */
  readonly help: string
  /** The values of each label, where they are known in advance; an empty list where they are not. */
  readonly labels?: Readonly<Record<string, readonly string[]>>
}

export interface HistogramNote extends MetricNote {
  /** Upper bounds in seconds. */
  readonly buckets: readonly number[]
}

const statuses = ['200', '400', '401', '403', '404', '429', '500', '502', '503', '504']

/** Counters: the gateway adds `_total` to the name. */
export const counters: Readonly<Record<string, MetricNote>> = {
  http_requests: {
    help: 'Requests that were answered, or whose client left (status 499).',
    labels: { method: [], route: [], status: [] }
  },
  operator_refused: {
    help: 'Requests for metrics or for /gateway/v1 that were refused for their credentials.',
    labels: { asked: ['metrics', 'gateway'] }
  },
  taxii_objects: { help: 'Objects, manifest records and versions sent to TAXII clients.' },
  taxii_tokens: {
    help: 'Requests that carried a next token, by what became of it.',
    labels: { fate: ['continued', 'restarted', 'ignored'] }
  },
  upstream_requests: {
    help: 'Calls to Sekoia, each attempt, by their status or the kind of their failure.',
    labels: {
      endpoint: ['page', 'objects', 'relationships', 'feeds', 'feed'],
      outcome: [...statuses, 'timeout', 'unavailable', 'bad-answer']
    }
  },
  upstream_retries: {
    help: 'Attempts of calls to Sekoia after the first one.',
    labels: { reason: ['transient', 'unusable', 'slow', 'silence'] }
  },
  upstream_throttled: { help: 'Answers of Sekoia with status 429.' },
  upstream_breaker_opened: {
    help: 'Times that a key, or Sekoia, was left alone after failures in a row.'
  },
  upstream_pages_cut: {
    help: 'Pages that could not be had, so that fewer objects were asked for.'
  },
  objects_skipped: { help: 'Objects that could not be had from Sekoia and were left out.' },
  rights_unconfirmed: {
    help: 'Requests for which Sekoia could not confirm the key, and held objects were served.'
  },
  objects_read: { help: 'Objects that were added to feed logs.' },
  late_arrivals: {
    help: 'Objects that Sekoia showed only after others with later times.',
    labels: { delay: ['short', 'near_limit', 'swept'] }
  },
  sweep_pages: {
    help: 'Pages of feeds that were read again for objects that appear far behind the end.',
    labels: { outcome: ['read', 'failed'] }
  },
  backfill_chains: {
    help: 'Chains that were begun to read the history of a feed at several places at once.'
  },
  backfill_troubles: {
    help: 'Pages ahead of clients that could not be read, so that reading ahead paused.'
  },
  segments_loaded: {
    help: 'Segments of feed logs that were not in memory, by where they came from.',
    labels: { from: ['store', 'sekoia'] }
  },
  cursors_refused: { help: 'Cursors that Sekoia gave and later refused.' },
  journals_redated: {
    help: 'Feed logs in which a clock that was wrong had dated objects, which were dated anew.'
  },
  page_edges_unproven: { help: 'Page edges that may cut a group of objects of the same time.' },
  store_errors: {
    help: 'Operations of the store that failed.',
    labels: { operation: ['load', 'read', 'write', 'commit'] }
  },
  catalog_listings: {
    help: 'Lists of feeds that Sekoia refused, or that were answered as last known.',
    labels: { outcome: ['forbidden', 'stale'] }
  },
  catalog_feeds_left_out: {
    help: 'Feeds that were left out of a list: for want of a usable id, or why the key cannot read them.',
    labels: { reason: ['id', 'forbidden', 'not-found', 'unwalkable', 'preparing'] }
  },
  stix_repairs: {
    help: 'Repairs of invalid STIX objects, by rule.',
    labels: {
      rule: ['spec-version', 'null', 'empty', 'timestamp', 'timezone', 'marking', 'unrepaired']
    }
  },
  stix_items_unreadable: {
    help: 'Items of Sekoia that cannot be read and are left out, each once, by what is wrong.',
    labels: { fault: ['json', 'utf-8', 'not-stix'] }
  },
  misp_publications: { help: 'MISP manifests that were published anew.' },
  misp_rounds_failed: {
    help: 'Rounds of building MISP events that failed, by the kind of failure.',
    labels: { kind: ['unavailable', 'timeout', 'bad-answer', 'internal'] }
  },
  misp_skipped: {
    help: 'Objects read that are in no MISP event, by reason.',
    labels: {
      reason: [
        ...fallbackReasons,
        'outside-window',
        'expired',
        'revoked',
        'note',
        'relationship',
        ...skippedTypes,
        'other-type'
      ]
    }
  },
  misp_fallbacks: {
    help: 'Indicators whose pattern went to MISP as a whole, by reason.',
    labels: { reason: fallbackReasons }
  },
  misp_spellings: {
    help: 'Indicators whose pattern is nearly STIX and was read as meant, by kind of spelling.',
    labels: { spelling: spellings }
  },
  misp_impossible_ends: {
    help: 'Indicators whose valid_until cannot be one, and counts as none.'
  },
  misp_late_arrivals: {
    help: 'Indicators and reports that a full reading of a feed found and its feed log had not shown.'
  },
  misp_walks_doubted: {
    help: 'Full readings of a feed that missed more objects than can be believed at once.'
  },
  misp_hashes_cut: {
    help: 'Files hashes.csv that were made without room for all values (MISP_MAX_HASHES).'
  },
  misp_large_events: { help: 'MISP events published with more than 5,000 attributes.' },
  misp_large_manifests: { help: 'MISP manifests published with more than 10,000 events.' }
}

const answerBuckets = [0.001, 0.005, 0.02, 0.1, 0.5, 1, 5, 20, 60]

/** Distributions of durations: the gateway adds `_seconds` to the name. */
export const histograms: Readonly<Record<string, HistogramNote>> = {
  request_read_duration: {
    help: 'Time from the arrival of a request until its answer was found.',
    labels: { dialect: [], outcome: [] },
    buckets: answerBuckets
  },
  request_send_duration: {
    help: 'Time from when an answer was found until its last byte was handed to the system.',
    labels: { dialect: [], outcome: [] },
    buckets: answerBuckets
  },
  upstream_request_duration: {
    help: 'Time that one call to Sekoia took, each attempt.',
    labels: { endpoint: [], outcome: [] },
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
  }
}

/**
 * Gauges are read for each scrape; their names are complete except for the prefix. `over` says what several workers
 * make of one; left out, the largest counts.
 */
export const gauges = {
  build_info: {
    help: 'Version of the gateway and of Node; always 1.',
    labels: ['version', 'node'],
    over: 'first'
  },
  degraded: {
    help: 'Whether a part is in trouble (1) or well (0), as /readyz says.',
    labels: ['part']
  },
  feed_end_age_max_seconds: {
    help: 'Time since Sekoia last confirmed the end of the feed log for which that is longest ago.',
    labels: []
  },
  feed_end_age_seconds: {
    help: 'Time since Sekoia last confirmed the end of a feed; of several logs the longest.',
    labels: ['feed']
  },
  feed_logs_followed: {
    help: 'Feed logs whose end was asked for within the last day.',
    labels: []
  },
  misp_indicators: {
    help: 'Indicators of a MISP feed that are live at Sekoia, by what became of them: the sum is all of them.',
    labels: ['feed', 'fate', 'reason']
  },
  store_free_bytes: {
    help: 'Room that is left on the disk of the data directory.',
    labels: []
  },
  store_size_bytes: {
    help: 'Size of the files in the data directory, by what they hold.',
    labels: ['part']
  },
  upstream_success_age_seconds: {
    help: 'Time since Sekoia last gave an answer of use, or its word on a key.',
    labels: [],
    over: 'min'
  },
  upstream_breakers: {
    help: 'Breakers towards Sekoia by state; an open one leaves Sekoia alone.',
    labels: ['state'],
    over: 'sum'
  }
} as const satisfies Record<
  string,
  { help: string; labels: readonly string[]; over?: 'sum' | 'min' | 'max' | 'first' }
>

export type GaugeName = keyof typeof gauges
