import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { adminEventSchema, botsRequestSchema, botsStateSchema, IDLE_BOTS } from '../../contract/admin.ts';
import type { AdminApp } from './admin-app.ts';
import { botsRefusal, RequestRefused } from './problem.ts';
import { READY_MS } from './relay-gate.ts';
import { toRoom } from './room-answers.ts';
import {
  actorOf,
  BEARER,
  bearerOf,
  PROBLEMS,
  problemText,
  type RouteParts,
  requireHighestRank,
} from './route-parts.ts';
import type { StaticPages } from './static-pages.ts';

/** The stress test. */
export function addBots(api: AdminApp, { bots, relay }: RouteParts): void {
  const about = (summary: string) => ({
    summary,
    tags: ['bots'],
    security: BEARER,
    response: { 200: botsStateSchema, ...PROBLEMS },
  });
  api.get('/api/bots', { schema: about('The stress test that runs, or the last one.') }, async () =>
    bots === null ? IDLE_BOTS : bots.state(),
  );
  api.post(
    '/api/bots',
    { schema: { ...about('Begins a stress test. For admins.'), body: botsRequestSchema } },
    async (request) => {
      if (bots === null) {
        throw new RequestRefused(503, 'unavailable', 'This relay has no bots to test itself with.');
      }
      await requireHighestRank(relay, actorOf(request));
      const outcome = await bots.start(request.body, actorOf(request));
      if (!outcome.ok) throw botsRefusal(outcome.reason, outcome.sentence);
      return bots.state();
    },
  );
  api.delete('/api/bots', { schema: about('Ends the stress test. For admins.') }, async (request) => {
    await requireHighestRank(relay, actorOf(request));
    await bots?.stop();
    return bots?.state() ?? IDLE_BOTS;
  });
}

/** What happens, as it happens. */
export function addEvents(api: AdminApp, { accounts, relay, streams, wallMs }: RouteParts): void {
  const stream = { description: 'Each `data` is one of these.', schema: adminEventSchema };
  api.get(
    '/api/events',
    {
      schema: {
        summary: 'What happens in the room: server-sent events, the first of which is the whole room.',
        tags: ['room'],
        security: BEARER,
        response: { 200: { description: stream.description, content: { 'text/event-stream': stream } } },
      },
    },
    (request, reply) => {
      const { actor, claims } = bearerOf(request);
      if (!streams.hasPlace(actor.account)) {
        const sentence = 'Too many dashboards are open. Close some of them.';
        throw new RequestRefused(429, 'tooManyStreams', sentence, 30);
      }
      reply.hijack();
      const response = reply.raw;
      response.writeHead(200, {
        'Content-Type': 'text/event-stream; charset=utf-8',
        // A proxy that gathers answers before it hands them on would hold events back.
        'X-Accel-Buffering': 'no',
      });
      response.flushHeaders();
      streams.open({
        response,
        account: actor.account,
        holds: () => accounts.holds(claims),
        expiresInMs: claims.expiresMs - wallMs(),
        room: relay.view().then(toRoom),
      });
    },
  );
}

function sameToken(expected: string, given: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(expected), digest(given));
}

/**
 * Whether a request may read the metrics: one of this machine's own, under a loopback name and without a proxy; the
 * collector's token; an account.
 */
async function checkCollector(request: FastifyRequest, parts: RouteParts): Promise<void> {
  if (parts.hostCheck.isLocal(request.raw)) return;
  const { authorization } = request.headers;
  const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
  const known = parts.metricsToken !== null && token !== undefined && sameToken(parts.metricsToken, token);
  if (!known) await parts.accounts.authenticate(authorization);
}

/** For whoever watches over the program: collectors, service managers, and readers of the API. */
export function addService(app: AdminApp, parts: RouteParts): void {
  const about = (summary: string) => ({ summary, tags: ['service'] });
  const yes = { 200: z.strictObject({ ok: z.literal(true) }), ...PROBLEMS };
  const ready = z.strictObject({ ok: z.literal(true), listening: z.enum(['closed', 'open', 'failing']) });
  app.get('/health', { schema: { ...about('The program runs.'), response: yes } }, async () => ({
    ok: true as const,
  }));
  app.get(
    '/ready',
    {
      schema: {
        ...about('The relay answers. Whether channels can be listened to is told beside it.'),
        response: { 200: ready, ...PROBLEMS },
      },
    },
    async () => {
      await parts.relay.figures(READY_MS);
      return { ok: true as const, listening: parts.listening?.status ?? 'closed' };
    },
  );
  app.get(
    '/metrics',
    {
      schema: {
        ...about('Prometheus metrics: for this machine itself, for the collector’s token and for accounts.'),
        response: { 200: { content: { 'text/plain': { schema: z.string() } } }, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      await checkCollector(request, parts);
      const figures = await parts.relay.figures(READY_MS).catch(() => null);
      const text = await parts.metrics.text(figures, parts.counters(), parts.listening?.counters() ?? {});
      return reply
        .type(parts.metrics.contentType)
        .serializer((payload) => String(payload))
        .send(text);
    },
  );
  app.get('/api/openapi.json', { schema: { hide: true } }, async () => app.swagger());
}

/** The dashboard's page and its assets. */
export function addPages(app: AdminApp, pages: StaticPages): void {
  const serve = (request: FastifyRequest, reply: FastifyReply): void => {
    reply.hijack();
    pages.serve(request.raw, reply.raw, () => {
      reply.raw
        .writeHead(404, { 'Content-Type': 'application/json; charset=utf-8' })
        .end(problemText('notFound', 'There is nothing here.'));
    });
  };
  app.get('/', { schema: { hide: true } }, serve);
  app.get('/assets/*', { schema: { hide: true } }, serve);
}
