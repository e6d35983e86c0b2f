import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AdminRig, openAdmin } from './admin-rig.ts';

interface Operation {
  summary?: string;
  security?: object[];
  parameters?: { name: string; in: string; required?: boolean; schema: object }[];
  requestBody?: { content: Record<string, { schema: Record<string, unknown> }> };
  responses: Record<string, { description?: string; content?: Record<string, { schema: unknown }> }>;
}

interface Document {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object>; securitySchemes: Record<string, object> };
}

let rig: AdminRig;
let document: Document;

beforeAll(async () => {
  rig = await openAdmin();
  document = (await rig.ask('GET', '/api/openapi.json', null)).body as Document;
});

afterAll(() => rig.close());

/** Every request of the API that asks for a login, and those that do not. */
const LOGGED_IN = [
  ...['room', 'members', 'channels', 'roles', 'bans', 'config', 'listeners', 'audit', 'traffic'].map(
    (name) => `get /api/${name}`,
  ),
  ...['kick', 'ban', 'move', 'mute', 'assign-role', 'channels', 'roles', 'logout', 'renew', 'bots'].map(
    (name) => `post /api/${name}`,
  ),
  'put /api/channels/{id}',
  'delete /api/channels/{id}',
  'put /api/roles/{id}',
  'delete /api/roles/{id}',
  'delete /api/bans/{id}',
  'put /api/listeners/{channel}',
  'post /api/listeners/{channel}/link',
  'post /api/listeners/{channel}/publish-key',
  'put /api/config',
  'get /api/accounts',
  'put /api/accounts',
  'delete /api/accounts/{name}',
  'get /api/bots',
  'delete /api/bots',
  'get /api/events',
];
const OPEN = [
  'get /api/setup',
  'post /api/setup',
  'post /api/login',
  'post /api/redeem',
  'get /health',
  'get /ready',
  'get /metrics',
];

function operations(): [string, Operation][] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method} ${path}`,
      operation,
    ]),
  );
}

function references(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === '$ref' && typeof inner === 'string' ? [inner] : references(inner),
  );
}

describe('the OpenAPI document', () => {
  test('names each route once, and no other', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(
      operations()
        .map(([name]) => name)
        .sort(),
    ).toEqual([...LOGGED_IN, ...OPEN].sort());
  });

  test('says which ask for a login, and that is true', async () => {
    for (const [name, { security, summary }] of operations()) {
      expect([name, security !== undefined]).toEqual([name, LOGGED_IN.includes(name)]);
      expect(summary).toMatch(/^\S.*\.$/);
      const [method = '', path = ''] = name.split(' ');
      if (method === 'post') continue;
      const { status } = await rig.ask(method.toUpperCase(), path.replace(/\{\w+\}/, '1'), null);
      expect([name, status === 401]).toEqual([name, LOGGED_IN.includes(name)]);
    }
    for (const name of LOGGED_IN.filter((one) => one.startsWith('post'))) {
      const path = name.replace('post ', '').replace(/\{\w+\}/, '1');
      expect((await rig.ask('POST', path, null, {})).status).toBe(401);
    }
  });

  test('refers only to schemas that it has', () => {
    const found = references(document);
    expect(found.length).toBeGreaterThan(50);
    for (const reference of found) {
      const name = reference.replace('#/components/schemas/', '');
      expect(Object.keys(document.components.schemas)).toContain(name);
    }
    expect(document.components.securitySchemes).toHaveProperty('bearer');
  });

  test('describes what is sent and what comes back', () => {
    for (const [name, { responses, requestBody, parameters = [] }] of operations()) {
      const success = Object.keys(responses).filter((status) => status.startsWith('2'));
      expect([name, success.length]).toEqual([name, 1]);
      if (name !== 'get /api/events')
        expect(Object.keys(responses)).toEqual(expect.arrayContaining(['4XX', '5XX']));
      const inPath = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
      expect(parameters.filter((one) => one.in === 'path').map((one) => one.name)).toEqual(inPath);
      const bodyless = /^(get|delete) |\/(logout|renew|link|publish-key)$/.test(name);
      expect([name, requestBody === undefined]).toEqual([name, bodyless]);
      if (requestBody !== undefined) expect(Object.keys(requestBody.content)).toEqual(['application/json']);
    }
    const kick = document.paths['/api/kick']?.['post']?.requestBody?.content['application/json']?.schema;
    expect(kick).toMatchObject({
      type: 'object',
      required: ['member', 'reason'],
      additionalProperties: false,
    });
  });
});
