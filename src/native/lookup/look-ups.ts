import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Path } from '../../http/dialect.ts'
import type { RawAnswer } from '../../kernel/raw-upstream.ts'
import type { Found } from '../cache/kept-answers.ts'
import { policies } from '../cache/policy.ts'
import type { Asked, NativeDeps } from '../relay/deps.ts'
import { demandItems, demandMember, idsIn } from '../relay/json-check.ts'
import { type Keeping, keeping } from '../relay/keep.ts'
import { relatedName, targetName, valueName } from '../relay/names.ts'
import { reading, searching } from '../relay/operations.ts'
import { passing } from '../relay/pass.ts'
import { rawQuery } from '../relay/raw-query.ts'
import { ById } from './by-id.ts'

/** Objects by id, what belongs to them, and look-ups by value. */
export function lookUpPaths(deps: NativeDeps): Path[] {
  return [
    reading('/objects/*', new ById(deps, 'objects').handler),
    reading('/relationships/*', new ById(deps, 'relationships').handler),
    reading('/objects/:id/relationships', keeping(deps, relationships)),
    reading('/objects/:id/context', keeping(deps, context)),
    reading('/objects/:id/files/:sha256', keeping(deps, file)),
    reading(
      '/indicators',
      keeping(deps, ask => byValue(ask, 'indicators'))
    ),
    reading(
      '/indicators/context',
      keeping(deps, ask => byValue(ask, 'value-context'))
    ),
    reading('/observables', passing(deps, 'observables', demandItems)),
    searching('/observables/search', passing(deps, 'search', demandItems))
  ]
}

const paramsOf = ({ params }: FastifyRequest) =>
  params as { readonly id: string; readonly sha256: string }

function relationships({ request, target }: Asked): Keeping {
  const { id } = paramsOf(request)
  return {
    endpoint: 'related',
    policy: policies.relationships,
    name: relatedName('related', id, rawQuery(target)),
    read: answer => ({ isMiss: false, ids: [id, ...idsIn(demandItems(answer))] })
  }
}

function context({ request }: Asked): Keeping {
  const { id } = paramsOf(request)
  return {
    endpoint: 'context',
    policy: policies.lookUp,
    name: relatedName('context', id),
    read(answer) {
      const { objects } = demandMember(answer, 'objects')
      if (!Array.isArray(objects)) throw new TypeError('objects are no list')
      return { isMiss: objects.length === 0, ids: idsIn(objects) }
    }
  }
}

function byValue({ target }: Asked, endpoint: 'indicators' | 'value-context'): Keeping {
  const query = new URLSearchParams(rawQuery(target))
  const [value, type] = [query.get('value'), query.get('type')]
  const isUsual = query.size === 2 && value && type
  return {
    endpoint,
    policy: policies.lookUp,
    name: isUsual ? valueName(endpoint, value, type) : targetName(endpoint, target),
    read: hitOrMiss
  }
}

function hitOrMiss(answer: RawAnswer): Found {
  const items = demandItems(answer)
  return { isMiss: items.length === 0, ids: idsIn(items) }
}

function file({ request }: Asked): Keeping {
  const { id, sha256 } = paramsOf(request)
  return {
    endpoint: 'files',
    policy: policies.file,
    name: relatedName('files', `${id} ${sha256.toLowerCase()}`),
    waitMs: 30_000,
    read({ body }) {
      const digest = createHash('sha256').update(body).digest('hex')
      if (digest !== sha256.toLowerCase()) throw new TypeError('not the file of this hash')
      return { isMiss: false }
    }
  }
}
