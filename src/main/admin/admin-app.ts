import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { fastifyRateLimit } from '@fastify/rate-limit';
import {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
} from 'fastify';
import {
  hasZodFastifySchemaValidationErrors,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import type { CertificatePair } from '../base/certificate-pair.ts';
import { contentSecurityPolicy, HARDENING_HEADERS } from '../base/content-security.ts';
import type { Bearer } from './account-desk.ts';
import { addressKey, isLoopback } from './address-key.ts';
import type { AdminLog } from './admin-options.ts';
import type { HostCheck } from './host-check.ts';
import { createHttpServer } from './http-server.ts';
import { RequestRefused } from './problem.ts';
import { countingStore, MAX_REQUESTS_PER_MINUTE, REQUEST_WINDOW_MS } from './request-limit.ts';
import { unusable } from './room-answers.ts';
import { createServiceCounters, type ServiceCounters } from './service-counters.ts';

/** Largest request, in bytes: the longest, a channel with its password and config, is under 2 KB. */
export const MAX_BODY_BYTES = 65_536;

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the hook of the routes that ask for a login. */
    bearer: Bearer | null;
  }
}

export type AdminApp = FastifyInstance<
  Server,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

export interface AdminAppOptions {
  readonly tls: CertificatePair | null;
  readonly behindProxy: boolean;
  readonly proxyAddresses: readonly string[];
  readonly hostCheck: HostCheck;
  readonly log: AdminLog;
  /** A clock that only goes forward, in ms. */
  readonly nowMs: () => number;
}

/** What limits count a request by: the peer, or whom a trusted proxy names. */
export function requesterKey(request: FastifyRequest): string {
  return addressKey(request.ip);
}

/** Everything around the routes: who may come in at all, how refusals look, what is counted. */
export async function createAdminApp(
  options: AdminAppOptions,
): Promise<{ app: AdminApp; counters: ServiceCounters }> {
  const counters = createServiceCounters();
  const app: AdminApp = fastify({
    bodyLimit: MAX_BODY_BYTES,
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    trustProxy: options.behindProxy ? [...options.proxyAddresses] : false,
    serverFactory: (handler) => createHttpServer(handler, options.tls, options.behindProxy, counters),
    // Of these, hooks are not told.
    frameworkErrors: (error, request, reply) => {
      count(reply.raw, counters);
      harden(reply.raw);
      void answerError(error, request, reply, options.log);
    },
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  // JSON alone: what a form of another page could send is not even read.
  app.removeContentTypeParser('text/plain');
  app.decorateRequest('bearer', null);
  app.setErrorHandler((error: FastifyError, request, reply) =>
    answerError(error, request, reply, options.log),
  );
  app.setNotFoundHandler((request, reply) =>
    answerError(new RequestRefused(404, 'notFound', 'There is nothing here.'), request, reply, options.log),
  );
  app.addHook('onRequest', async (request, reply) => {
    count(reply.raw, counters);
    harden(reply.raw);
    if (!options.hostCheck.admits(request.raw)) {
      counters.requestsBadHost += 1;
      throw new RequestRefused(421, 'badHost', 'This address is not served here.');
    }
    if (options.behindProxy && options.tls === null && isDirect(request)) {
      counters.requestsNotThroughProxy += 1;
      const sentence = 'Use the address of the proxy: this one is not encrypted.';
      throw new RequestRefused(403, 'notThroughProxy', sentence);
    }
    await checkLimit(request);
  });

  // The plugin counts; when, and what is answered, is decided here, so that what is not found counts too.
  await app.register(fastifyRateLimit, { global: false, store: countingStore(options.nowMs) });
  const limit = app.createRateLimit({
    max: MAX_REQUESTS_PER_MINUTE,
    timeWindow: REQUEST_WINDOW_MS,
    keyGenerator: requesterKey,
  });
  const checkLimit = async (request: FastifyRequest): Promise<void> => {
    const state = await limit(request);
    if (state.isAllowed || !state.isExceeded) return;
    counters.requestsTooMany += 1;
    const seconds = Math.max(1, state.ttlInSeconds);
    const sentence = `Too many requests from your address. Wait ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`;
    throw new RequestRefused(429, 'tooManyRequests', sentence, seconds);
  };
  return { app, counters };
}

/** A peer on another machine that is not the proxy: its password would travel in the clear. */
function isDirect(request: FastifyRequest): boolean {
  const trusted = (request.ips?.length ?? 0) > 1;
  return !trusted && !isLoopback(request.socket.remoteAddress ?? '');
}

function count(response: ServerResponse, counters: ServiceCounters): void {
  counters.requests += 1;
  response.once('close', () => {
    if (!response.writableFinished) counters.requestsCutOff += 1;
    else if (response.statusCode >= 500) counters.requestsFailed += 1;
    else if (response.statusCode >= 400) counters.requestsRefused += 1;
    else counters.requestsAnswered += 1;
  });
}

/** On the response itself, so that streams and files, which fastify does not write, have them too. */
function harden(response: ServerResponse): void {
  for (const [name, value] of Object.entries(HARDENING_HEADERS)) response.setHeader(name, value);
  response.setHeader('Content-Security-Policy', contentSecurityPolicy("'self'"));
  response.setHeader('Cache-Control', 'no-store');
}

/** What fastify itself refuses, by its status: RFC 9110, section 15.5. */
function frameworkRefusal(error: FastifyError): RequestRefused | null {
  if (hasZodFastifySchemaValidationErrors(error)) {
    const [issue] = error.validation;
    const path = issue?.instancePath.replaceAll('/', '.').replace(/^\./, '') ?? '';
    return unusable(path, issue?.message ?? 'it has another shape');
  }
  switch (error.statusCode) {
    case 413: {
      const sentence = `The request is longer than ${MAX_BODY_BYTES / 1_024} KiB.`;
      return new RequestRefused(413, 'tooLong', sentence);
    }
    case 415:
      return new RequestRefused(415, 'notJson', 'Only JSON is understood here.');
    case 400:
    case 404:
      return unusable('', 'it is no request of this API');
    default:
      return null;
  }
}

function answerError(
  error: Error & { statusCode?: number },
  request: FastifyRequest,
  reply: FastifyReply,
  log: AdminLog,
): FastifyReply {
  const refused = error instanceof RequestRefused ? error : frameworkRefusal(error as FastifyError);
  if (refused === null) {
    // The message may hold what was sent; the name of the error and the route do not.
    log('adminFailed', { route: request.routeOptions.url ?? '', error: error.name });
  }
  const answer =
    refused ?? new RequestRefused(500, 'failed', 'That did not work: a fault in Sidetone, which was logged.');
  if (answer.status === 401) reply.header('WWW-Authenticate', 'Bearer realm="sidetone"');
  if (answer.retryAfterSeconds !== null) reply.header('Retry-After', answer.retryAfterSeconds);
  // Not through the route's schemas: a refusal has the same shape everywhere.
  reply.serializer((payload) => JSON.stringify(payload));
  return reply.code(answer.status).type('application/json; charset=utf-8').send(answer.problem);
}
