import { fastifySwagger } from '@fastify/swagger';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { version } from '../../../package.json';
import {
  accountSchema,
  adminBanSchema,
  adminChannelConfigSchema,
  adminChannelSchema,
  adminEventSchema,
  adminMemberSchema,
  adminProblemSchema,
  adminRoleSchema,
  adminRoomSchema,
  auditLineSchema,
  botsStateSchema,
  grantSchema,
  roomConfigSchema,
  trafficSchema,
} from '../../contract/admin.ts';
import type { AdminApp } from './admin-app.ts';

/** Schemas that the document names and refers to; the others stand where they are used. */
const NAMED = {
  Account: accountSchema,
  Ban: adminBanSchema,
  ChannelConfig: adminChannelConfigSchema,
  Channel: adminChannelSchema,
  Event: adminEventSchema,
  Member: adminMemberSchema,
  Problem: adminProblemSchema,
  Role: adminRoleSchema,
  Room: adminRoomSchema,
  AuditLine: auditLineSchema,
  BotsState: botsStateSchema,
  Grant: grantSchema,
  RoomConfig: roomConfigSchema,
  Traffic: trafficSchema,
};

/** Writes the OpenAPI document (3.1) out of the schemas that requests and answers are checked by. Before the routes. */
export async function addOpenApi(app: AdminApp): Promise<void> {
  // A registry of our own: the global one would be shared with whoever starts a second server.
  const schemaRegistry = z.registry<{ id?: string | undefined }>();
  for (const [id, schema] of Object.entries(NAMED)) schemaRegistry.add(schema, { id });
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Sidetone relay',
        description: 'Administrates a relay: its room, its members, and the accounts that may do so.',
        version,
      },
      components: {
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      },
    },
    transform: createJsonSchemaTransform({ schemaRegistry }),
    transformObject: createJsonSchemaTransformObject({ schemaRegistry }),
  });
}
