import { z } from 'zod';
import {
  accountNameSchema,
  accountSchema,
  grantSchema,
  loginRequestSchema,
  redeemRequestSchema,
  saveAccountSchema,
  setupRequestSchema,
  setupStateSchema,
} from '../../contract/admin.ts';
import { type AdminApp, requesterKey } from './admin-app.ts';
import { relayRefusal } from './problem.ts';
import {
  actorOf,
  BEARER,
  bearerOf,
  DONE,
  PROBLEMS,
  type RouteParts,
  requireHighestRank,
} from './route-parts.ts';

const GRANTED = { 200: grantSchema, ...PROBLEMS } as const;

/** How somebody comes to a token. */
export function addEntrance(app: AdminApp, { accounts }: RouteParts): void {
  const about = (summary: string) => ({ summary, tags: ['login'] });
  app.get(
    '/api/setup',
    {
      schema: {
        ...about('Whether the first account has still to be made.'),
        response: { 200: setupStateSchema, ...PROBLEMS },
      },
    },
    async () => ({ needed: accounts.setupNeeded }),
  );
  app.post(
    '/api/setup',
    {
      schema: {
        ...about('Makes the first account, with the code that the host shows.'),
        body: setupRequestSchema,
        response: GRANTED,
      },
    },
    async (request) => accounts.setUp(request.body, requesterKey(request)),
  );
  app.post(
    '/api/login',
    { schema: { ...about('Logs in.'), body: loginRequestSchema, response: GRANTED } },
    async (request) => accounts.logIn(request.body, requesterKey(request)),
  );
  app.post(
    '/api/redeem',
    {
      schema: {
        ...about('Logs the host in by the code of a link.'),
        body: redeemRequestSchema,
        response: GRANTED,
      },
    },
    async (request) => accounts.redeem(request.body.code, requesterKey(request)),
  );
}

/** What is done with a token, and the accounts themselves. */
export function addAccounts(api: AdminApp, { accounts, relay }: RouteParts): void {
  const about = (summary: string) => ({ summary, tags: ['login'], security: BEARER });
  api.post(
    '/api/renew',
    { schema: { ...about('A fresh token of the same login, for up to a week.'), response: GRANTED } },
    async (request) => accounts.renew(bearerOf(request)),
  );
  api.post(
    '/api/logout',
    { schema: { ...about('Ends the login, and all its tokens.'), response: DONE } },
    async (request, reply) => {
      await accounts.logOut(bearerOf(request));
      return reply.code(204).send();
    },
  );
  api.get(
    '/api/accounts',
    {
      schema: {
        ...about('All accounts. For admins.'),
        response: { 200: z.array(accountSchema), ...PROBLEMS },
      },
    },
    async (request) => {
      await requireHighestRank(relay, actorOf(request));
      return accounts.accounts();
    },
  );
  api.put(
    '/api/accounts',
    {
      schema: {
        ...about('Makes or changes an account. A new password ends its logins. For admins.'),
        body: saveAccountSchema,
        response: DONE,
      },
    },
    async (request, reply) => {
      await requireHighestRank(relay, actorOf(request));
      const { role } = request.body;
      const known = (await relay.view()).roles.some(({ id }) => id === role);
      if (!known) throw relayRefusal('unknownRole', null);
      await accounts.save(request.body, actorOf(request));
      return reply.code(204).send();
    },
  );
  api.delete(
    '/api/accounts/:name',
    {
      schema: {
        ...about('Removes an account and ends its logins. For admins.'),
        params: z.strictObject({ name: accountNameSchema }),
        response: DONE,
      },
    },
    async (request, reply) => {
      await requireHighestRank(relay, actorOf(request));
      await accounts.remove(request.params.name, actorOf(request));
      return reply.code(204).send();
    },
  );
}
