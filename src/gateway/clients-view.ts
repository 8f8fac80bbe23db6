import { GatewayError } from '../kernel/errors.ts'
import type { Client, Evidence, Target } from './clients/client.ts'
import { clients } from './clients/table.ts'
import type { ClientsView, SetupView } from './schemas.ts'

/**
 * How each product is set up for one feed.
 *
 * @param feedId as in the setup; undefined: the first that can be read
 * @throws GatewayError `not-found` when the viewer has no such feed
 */
export function toClientsView(setup: SetupView, feedId: string | undefined): ClientsView {
  const feed = setup.feeds.find(({ feedId: id, obstacle }) =>
    feedId === undefined ? obstacle === null : id === feedId
  )
  if (!feed) throw new GatewayError('not-found')
  const target = toTarget(setup, feed)
  const shown = clients.filter(({ dialect }) => dialect !== 'misp' || target.misp !== '')
  return {
    feedId: feed.feedId,
    title: feed.title,
    clients: shown.map(client => toClientView(client, target))
  }
}

export const toTarget = (
  { baseUrl, taxii }: Pick<SetupView, 'baseUrl' | 'taxii'>,
  feed: SetupView['feeds'][number]
): Target => ({
  baseUrl,
  discovery: taxii.discovery,
  apiRoot: taxii.apiRoot,
  collectionId: feed.collectionId,
  objects: feed.taxiiObjects,
  title: feed.title,
  feedId: feed.feedId,
  misp: feed.misp ?? '',
  native: feed.native
})

export const toClientView = (client: Client, target: Target): ClientsView['clients'][number] => ({
  id: client.id,
  name: client.name,
  dialect: client.dialect,
  where: client.where,
  fields: client
    .fields(target)
    .map(({ name, value, isChoice = false }) => ({ name, value, isChoice })),
  fieldsEvidence: toEvidenceView(client.fieldsEvidence),
  pitfalls: client.pitfalls.map(({ text, evidence }) => ({
    text,
    evidence: toEvidenceView(evidence)
  })),
  file: client.file?.(target) ?? null,
  requests: client.requests(target).map(request => ({ ...request }))
})

const toEvidenceView = (evidence: Evidence) =>
  evidence.kind === 'proven'
    ? { kind: evidence.kind, reference: `${evidence.file}: ${evidence.test}` }
    : { kind: evidence.kind, reference: evidence.of }
