import type { FastifyContextConfig, FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import { Type } from 'typebox'

/** Where the process is in its life. */
export type Phase = 'starting' | 'serving' | 'closing'

/** Checks by part of the gateway. Each returns its trouble in a few public words, or undefined. */
export type Checks = Readonly<Record<string, () => string | undefined>>

export interface HealthOptions {
  readonly phase: () => Phase
  readonly checks: Checks
}

const state = {
  'application/json': {
    schema: Type.Object(
      {
        status: Type.String({ description: '`starting`, `ok`, `degraded` or `closing`' }),
        checks: Type.Record(Type.String(), Type.String(), {
          description: 'By part: `ok`, or its trouble in public words'
        })
      },
      { $id: 'Readiness', description: 'Whether it serves' }
    )
  }
}

const described = {
  livez: {
    operationId: 'livez',
    summary: 'The process answers',
    tags: ['Health'],
    response: {
      '200': { description: '`ok`', content: { 'text/plain': { schema: Type.String() } } }
    }
  },
  readyz: {
    operationId: 'readyz',
    summary: 'Whether it serves, and what is in trouble',
    tags: ['Health'],
    response: {
      '200': { description: 'It serves', content: state },
      '503': { description: 'It starts or closes', content: state }
    }
  }
} satisfies Readonly<Record<string, FastifyContextConfig['openapi']>>

/**
 * `GET /livez`: the process answers. `GET /readyz`: 200 while it serves, 503 before and after. Trouble of a part is
 * 200 with status `degraded` and the reason: held data is still served (G7), and taking every replica out of the
 * balancer would end that.
 */
export const healthPlugin = fp<HealthOptions>(
  async (app, { phase, checks }) => {
    const probe = (openapi: NonNullable<FastifyContextConfig['openapi']>) =>
      ({ logLevel: 'warn', config: { openapi } }) as const
    const fresh = (reply: FastifyReply) => reply.header('cache-control', 'no-store')

    app.get('/livez', probe(described.livez), async (_request, reply) =>
      fresh(reply).type('text/plain').send('ok')
    )

    app.get('/readyz', probe(described.readyz), async (_request, reply) => {
      const troubles = Object.entries(checks).map(([part, trouble]) => [part, trouble()] as const)
      const isWell = troubles.every(([, trouble]) => trouble === undefined)
      const now = phase()
      return fresh(reply)
        .code(now === 'serving' ? 200 : 503)
        .send({
          status: now !== 'serving' ? now : isWell ? 'ok' : 'degraded',
          checks: Object.fromEntries(troubles.map(([part, trouble]) => [part, trouble ?? 'ok']))
        })
    })
  },
  { name: 'health', fastify: '5.x' }
)
