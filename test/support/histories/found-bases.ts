/** What found histories have in common: each says only in what it differs. */

export const plain = {
  seed: 0,
  objects: 10,
  historyMs: 3_600_000,
  order: 'text',
  pageLimit: 5,
  assumeTies: false,
  epoch: '2000',
  cacheMaxBytes: 1,
  newestFirst: true,
  processes: 1,
  limits: [1, 1, 1, 1, 1, 1],
  switches: { nullAtTip: false, modifiedAfterOrder: 'instant', cursorMode: 'A' },
  odd: []
} as const

export const usual = {
  ...plain,
  pageLimit: 7,
  assumeTies: true,
  limits: [1, 1, 1, 1, 1, 1, 1, 1],
  maxBodyBytes: 16_000,
  stranger: false,
  patienceMs: 20_000,
  store: 'memory',
  apart: false
} as const

/** Sekoia tells no time before the end. */
export const ofClocks = {
  seed: 0,
  objects: 0,
  gateways: 1,
  newestFirst: false,
  pageLimit: 5,
  cursorMode: 'A',
  limits: [1, 1, 1, 1, 1, 1],
  tellsTime: false
} as const

export const switches = {
  cursorMode: 'A',
  cursorLifetimeMs: 0,
  modifiedAfterOrder: 'instant',
  gzip: false
} as const

export const dayMs = 86_400_000
