import { z } from 'zod';
import {
  adminBanSchema,
  adminChannelSchema,
  adminMemberSchema,
  adminRoleSchema,
  adminRoomSchema,
  assignRoleRequestSchema,
  auditLineSchema,
  banRequestSchema,
  changeChannelSchema,
  channelMadeSchema,
  createChannelSchema,
  kickRequestSchema,
  MAX_AUDIT_PAGE,
  moveRequestSchema,
  muteRequestSchema,
  roomConfigSchema,
  saveRoleSchema,
  trafficSchema,
} from '../../contract/admin.ts';
import { assert } from '../../core/base/assert.ts';
import type { AdminApp } from './admin-app.ts';
import {
  checkCommand,
  checkConfig,
  toBan,
  toChannel,
  toLine,
  toMember,
  toRole,
  toRoom,
} from './room-answers.ts';
import {
  actorOf,
  BEARER,
  banParamsSchema,
  DONE,
  idParamsSchema,
  PROBLEMS,
  type RouteParts,
  requireHighestRank,
  requirePermission,
} from './route-parts.ts';

/** What there is in the room: open to every account, but for bans and the audit log. */
export function addRoomReading(api: AdminApp, { relay, traffic }: RouteParts): void {
  const about = (summary: string) => ({ summary, tags: ['room'], security: BEARER });
  api.get(
    '/api/room',
    { schema: { ...about('The whole room.'), response: { 200: adminRoomSchema, ...PROBLEMS } } },
    async () => toRoom(await relay.view()),
  );
  api.get(
    '/api/members',
    { schema: { ...about('Who is here.'), response: { 200: z.array(adminMemberSchema), ...PROBLEMS } } },
    async () => (await relay.view()).members.map(toMember),
  );
  api.get(
    '/api/channels',
    { schema: { ...about('All channels.'), response: { 200: z.array(adminChannelSchema), ...PROBLEMS } } },
    async () => (await relay.view()).channels.map(toChannel),
  );
  api.get(
    '/api/roles',
    { schema: { ...about('All roles.'), response: { 200: z.array(adminRoleSchema), ...PROBLEMS } } },
    async () => (await relay.view()).roles.map(toRole),
  );
  api.get(
    '/api/config',
    { schema: { ...about('Name and size of the room.'), response: { 200: roomConfigSchema, ...PROBLEMS } } },
    async () => {
      const { roomName, maxMembers } = await relay.view();
      return { name: roomName, maxMembers };
    },
  );
  api.get(
    '/api/traffic',
    {
      schema: { ...about('What the relay does right now.'), response: { 200: trafficSchema, ...PROBLEMS } },
    },
    async () => traffic.traffic(),
  );
  addBanReading(api, relay);
}

const auditQuerySchema = z.strictObject({
  /** Lines older than the one of this id. */
  before: z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .optional(),
  count: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .pipe(z.number().int().min(1).max(MAX_AUDIT_PAGE))
    .optional(),
});

function addBanReading(api: AdminApp, relay: RouteParts['relay']): void {
  const about = (summary: string) => ({ summary, tags: ['room'], security: BEARER });
  api.get(
    '/api/bans',
    {
      schema: {
        ...about('All bans, newest first. For who may ban.'),
        response: { 200: z.array(adminBanSchema), ...PROBLEMS },
      },
    },
    async (request) => {
      await requirePermission(relay, actorOf(request), 'ban');
      return (await relay.bans()).map(toBan).filter((ban) => ban !== null);
    },
  );
  api.get(
    '/api/audit',
    {
      schema: {
        ...about('Who did what, newest first. For admins.'),
        querystring: auditQuerySchema,
        response: { 200: z.array(auditLineSchema), ...PROBLEMS },
      },
    },
    async (request) => {
      await requireHighestRank(relay, actorOf(request));
      const { before = null, count = MAX_AUDIT_PAGE } = request.query;
      return (await relay.audit(before, count)).map(toLine);
    },
  );
}

/** What is done to members and bans. The relay judges the account as it judges a member of that role. */
export function addModeration(api: AdminApp, { relay }: RouteParts): void {
  const about = (summary: string) => ({ summary, tags: ['moderation'], security: BEARER, response: DONE });
  api.post(
    '/api/kick',
    { schema: { ...about('Removes a member.'), body: kickRequestSchema } },
    async (request, reply) => {
      await relay.command(actorOf(request), checkCommand({ kind: 'kick', ...request.body }));
      return reply.code(204).send();
    },
  );
  api.post(
    '/api/ban',
    { schema: { ...about('Bans an identity or addresses.'), body: banRequestSchema } },
    async (request, reply) => {
      await relay.command(actorOf(request), checkCommand({ kind: 'ban', ...request.body }));
      return reply.code(204).send();
    },
  );
  api.delete(
    '/api/bans/:id',
    { schema: { ...about('Lifts a ban.'), params: banParamsSchema } },
    async (request, reply) => {
      await relay.command(actorOf(request), checkCommand({ kind: 'unban', ban: request.params.id }));
      return reply.code(204).send();
    },
  );
  api.post(
    '/api/move',
    { schema: { ...about('Moves a member to a channel.'), body: moveRequestSchema } },
    async (request, reply) => {
      await relay.command(actorOf(request), checkCommand({ kind: 'move', ...request.body }));
      return reply.code(204).send();
    },
  );
  api.post(
    '/api/mute',
    { schema: { ...about('Mutes a member for everybody, or lets it speak.'), body: muteRequestSchema } },
    async (request, reply) => {
      await relay.command(actorOf(request), checkCommand({ kind: 'muteForAll', ...request.body }));
      return reply.code(204).send();
    },
  );
  api.post(
    '/api/assign-role',
    { schema: { ...about('Gives an identity a role.'), body: assignRoleRequestSchema } },
    async (request, reply) => {
      await relay.command(actorOf(request), checkCommand({ kind: 'assignRole', ...request.body }));
      return reply.code(204).send();
    },
  );
}

/** Channels, roles and the room itself. */
export function addRoomChanges(api: AdminApp, { relay }: RouteParts): void {
  const about = (summary: string) => ({ summary, tags: ['room'], security: BEARER });
  api.post(
    '/api/channels',
    {
      schema: {
        ...about('Makes a channel.'),
        body: createChannelSchema,
        response: { 201: channelMadeSchema, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const command = checkCommand({ kind: 'createChannel', ...request.body });
      const channel = await relay.command(actorOf(request), command);
      assert(channel !== null, 'a relay names the channel it made');
      return reply.code(201).send({ channel });
    },
  );
  api.put(
    '/api/channels/:id',
    {
      schema: {
        ...about('Changes a channel.'),
        params: idParamsSchema,
        body: changeChannelSchema,
        response: DONE,
      },
    },
    async (request, reply) => {
      const { name, config, password } = request.body;
      const channel = request.params.id;
      const secret = password === undefined ? {} : { password };
      const command = checkCommand({ kind: 'changeChannel', channel, name, config, ...secret });
      await relay.command(actorOf(request), command);
      return reply.code(204).send();
    },
  );
  api.delete(
    '/api/channels/:id',
    { schema: { ...about('Removes a channel.'), params: idParamsSchema, response: DONE } },
    async (request, reply) => {
      await relay.command(
        actorOf(request),
        checkCommand({ kind: 'removeChannel', channel: request.params.id }),
      );
      return reply.code(204).send();
    },
  );
  api.put(
    '/api/config',
    {
      schema: {
        ...about('Changes the room’s name and size. For admins.'),
        body: roomConfigSchema,
        response: DONE,
      },
    },
    async (request, reply) => {
      const { name, maxMembers } = request.body;
      await relay.command(actorOf(request), checkConfig(name, maxMembers));
      return reply.code(204).send();
    },
  );
  addRoleChanges(api, relay);
}

function addRoleChanges(api: AdminApp, relay: RouteParts['relay']): void {
  const about = (summary: string) => ({ summary, tags: ['room'], security: BEARER, response: DONE });
  api.post(
    '/api/roles',
    { schema: { ...about('Makes a role.'), body: saveRoleSchema } },
    async (request, reply) => {
      await relay.command(actorOf(request), checkCommand({ kind: 'saveRole', role: null, ...request.body }));
      return reply.code(204).send();
    },
  );
  api.put(
    '/api/roles/:id',
    { schema: { ...about('Changes a role.'), params: idParamsSchema, body: saveRoleSchema } },
    async (request, reply) => {
      const command = checkCommand({ kind: 'saveRole', role: request.params.id, ...request.body });
      await relay.command(actorOf(request), command);
      return reply.code(204).send();
    },
  );
  api.delete(
    '/api/roles/:id',
    { schema: { ...about('Removes a role.'), params: idParamsSchema } },
    async (request, reply) => {
      await relay.command(actorOf(request), checkCommand({ kind: 'removeRole', role: request.params.id }));
      return reply.code(204).send();
    },
  );
}
