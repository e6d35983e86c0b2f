import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type AdminProblem, adminProblemSchema } from '../../contract/admin.ts';
import { assert } from '../../core/base/assert.ts';
import { bearerRole, judgePermission } from '../../core/permissions/judge.ts';
import type { AdminActor } from '../../core/relay/admin-port.ts';
import { u32Schema } from '../../core/wire/fields.ts';
import { MAX_RANK, type Permission } from '../../core/wire/roles.ts';
import type { AccountDesk, Bearer } from './account-desk.ts';
import type { AdminApp } from './admin-app.ts';
import type { BotsPort } from './bots-port.ts';
import type { EventStreams } from './event-streams.ts';
import type { HostCheck } from './host-check.ts';
import type { ListeningPort } from './listening-port.ts';
import type { Metrics } from './metrics.ts';
import { RequestRefused, relayRefusal } from './problem.ts';
import type { RelayGate } from './relay-gate.ts';
import type { TrafficMeter } from './traffic-meter.ts';

/** What the routes work with. */
export interface RouteParts {
  readonly accounts: AccountDesk;
  readonly relay: RelayGate;
  readonly bots: BotsPort | null;
  readonly listening: ListeningPort | null;
  readonly streams: EventStreams;
  readonly traffic: TrafficMeter;
  readonly metrics: Metrics;
  readonly metricsToken: string | null;
  readonly hostCheck: HostCheck;
  readonly counters: () => Readonly<Record<string, number>>;
  readonly wallMs: () => number;
}

/** Refusals of every route. */
export const PROBLEMS = { '4xx': adminProblemSchema, '5xx': adminProblemSchema } as const;

/** Answers of a route that changes something. */
export const DONE = { 204: z.undefined().describe('Done.'), ...PROBLEMS } as const;

/** Marks a route in the document as one that asks for a login. */
export const BEARER = [{ bearer: [] }];

/** A number in a path: only its usual spelling. */
const numberInPath = z
  .string()
  .regex(/^(0|[1-9]\d{0,15})$/)
  .transform(Number);

export const idParamsSchema = z.strictObject({ id: numberInPath.pipe(u32Schema) });
export const banParamsSchema = z.strictObject({ id: numberInPath.pipe(z.number().int().min(0)) });
export const channelParamsSchema = z.strictObject({ channel: numberInPath.pipe(u32Schema) });

/** A scope whose routes all ask for a login, before anything of the request but its headers is read. */
export async function withLogin(
  app: AdminApp,
  accounts: AccountDesk,
  addRoutes: (api: AdminApp) => void,
): Promise<void> {
  await app.register(async (scope: FastifyInstance) => {
    scope.addHook('onRequest', async (request) => {
      request.bearer = await accounts.authenticate(request.headers.authorization);
    });
    addRoutes(scope.withTypeProvider<ZodTypeProvider>());
  });
}

/** Who asks, in a route of `withLogin`. */
export function bearerOf(request: FastifyRequest): Bearer {
  assert(request.bearer !== null, 'a route that asks who comes asks for a login');
  return request.bearer;
}

export function actorOf(request: FastifyRequest): AdminActor {
  return bearerOf(request).actor;
}

/** What the relay itself is not asked for: judged here, by its roles. @throws RequestRefused */
export async function requirePermission(
  relay: RelayGate,
  actor: AdminActor,
  permission: Permission,
): Promise<void> {
  const { roles } = await relay.view();
  const verdict = judgePermission(permission, bearerRole(actor.role, roles));
  if (!verdict.ok) throw relayRefusal('notAllowed', verdict.rule);
}

/** Only for the highest rank. @throws RequestRefused */
export async function requireHighestRank(relay: RelayGate, actor: AdminActor): Promise<void> {
  const { roles } = await relay.view();
  const role = bearerRole(actor.role, roles);
  if (role.rank >= MAX_RANK) return;
  const sentence = `Only admins may do that. Your role is ${role.name}.`;
  throw new RequestRefused(403, 'notAllowed', sentence);
}

/** The same as a refusal, for answers that fastify does not write. */
export function problemText(code: string, sentence: string): string {
  const problem: AdminProblem = { code, sentence };
  return JSON.stringify(problem);
}
