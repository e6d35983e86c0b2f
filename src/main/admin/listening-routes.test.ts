import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ADMIN_ROLE_ID, MODERATOR_ROLE_ID } from '../../core/wire/roles.ts';
import {
  type AdminRig,
  addAccount,
  openAdmin,
  ScriptedListening,
  SOME_CONFIG,
  SOME_VIEW,
  setUp,
} from './admin-rig.ts';

let rig: AdminRig;
let root: string;
let moderator: string;

beforeAll(async () => {
  rig = await openAdmin();
  root = (await setUp(rig)).token;
  moderator = (await addAccount(rig, root, 'mod', MODERATOR_ROLE_ID)).token;
});

afterAll(() => rig.close());

beforeEach(() => {
  rig.relay.outcome = { ok: true, channel: null };
  rig.relay.shown = SOME_VIEW;
  rig.relay.commands.length = 0;
  rig.relay.audited.length = 0;
  rig.listening.outcome = { ok: true };
  rig.listening.asked.length = 0;
  rig.listening.shown = new ScriptedListening().shown;
  rig.clock.nowMs += 3_600_000;
});

const PATH = '/api/listeners/1';

const OPEN_VIEW = {
  ...SOME_VIEW,
  channels: SOME_VIEW.channels.map((channel) => ({
    ...channel,
    config: { ...SOME_CONFIG, listeners: true },
  })),
};

async function stateFor(token: string): Promise<Record<string, unknown>> {
  const { status, body } = await rig.ask('GET', '/api/listeners', token);
  expect(status).toBe(200);
  return (body as Record<string, unknown>[])[0] ?? {};
}

describe('how a channel is listened to', () => {
  test('is told whole to who may change the channel', async () => {
    const { shown } = rig.listening;
    expect(await stateFor(root)).toEqual({ ...shown, channel: 1, listeners: false, mayManage: true });
    rig.relay.shown = OPEN_VIEW;
    expect(await stateFor(root)).toMatchObject({ listeners: true });
  });

  test('is told to others without what is a secret', async () => {
    expect(await stateFor(moderator)).toMatchObject({ mayManage: false, publishKey: null, links: null });
    for (const access of ['public', 'password'] as const) {
      rig.listening.shown = { ...rig.listening.shown, access };
      const { links, publishKey } = await stateFor(moderator);
      const { page, ogg, rtsp, whep, websocket } = rig.listening.shown.links ?? {};
      const keyless = { publish: null, icecast: null, whip: null };
      expect([links, publishKey]).toEqual([{ page, ogg, rtsp, whep, websocket, ...keyless }, null]);
    }
    rig.listening.shown = { ...rig.listening.shown, links: null };
    expect(await stateFor(moderator)).toMatchObject({ links: null });
  });

  test('says what stands in its way only where it should be open', async () => {
    rig.listening.shown = { ...rig.listening.shown, links: null, sentence: 'Port 48482 is taken.' };
    expect(await stateFor(root)).toMatchObject({ sentence: null });
    rig.relay.shown = OPEN_VIEW;
    expect(await stateFor(root)).toMatchObject({ sentence: 'Port 48482 is taken.' });
  });
});

describe('changing it', () => {
  test('the switch alone is the relay’s to judge', async () => {
    expect((await rig.ask('PUT', PATH, moderator, { listeners: true })).status).toBe(204);
    expect(rig.relay.commands).toEqual([
      {
        actor: { account: 'mod', role: MODERATOR_ROLE_ID },
        command: { kind: 'setListeners', channel: 1, listeners: true },
      },
    ]);
    expect([rig.listening.asked, rig.relay.audited]).toEqual([[], []]);
    rig.relay.outcome = { ok: false, code: 'unknownChannel', rule: null };
    expect((await rig.ask('PUT', '/api/listeners/99', root, { listeners: true })).status).toBe(404);
  });

  test('settings are kept before the channel opens, and written down without their secrets', async () => {
    const change = { access: 'password', password: 'open sesame', talk: true, maxListeners: 12 };
    expect((await rig.ask('PUT', PATH, root, { listeners: true, ...change })).status).toBe(204);
    expect(rig.listening.asked).toEqual([{ what: 'save', channel: 1, change }]);
    expect(rig.relay.commands).toEqual([
      {
        actor: { account: 'root', role: ADMIN_ROLE_ID },
        command: { kind: 'setListeners', channel: 1, listeners: true },
      },
    ]);
    expect(rig.relay.audited).toMatchObject([
      { by: 'account:root', action: 'changeListening', subject: '1', reason: '' },
    ]);
    expect(JSON.stringify([rig.relay.audited, rig.logged])).not.toContain('sesame');
  });

  test('settings are for who may change the channel', async () => {
    const requests: [string, string, unknown][] = [
      ['PUT', PATH, { listeners: false, access: 'public' }],
      ['POST', `${PATH}/link`, undefined],
      ['POST', `${PATH}/publish-key`, undefined],
    ];
    for (const [method, path, body] of requests) {
      expect(await rig.ask(method, path, moderator, body)).toMatchObject({
        status: 403,
        body: { code: 'notAllowed' },
      });
      const elsewhere = path.replace('/1', '/99');
      expect(await rig.ask(method, elsewhere, root, body)).toMatchObject({ status: 404 });
    }
    expect([rig.listening.asked, rig.relay.commands, rig.relay.audited]).toEqual([[], [], []]);
  });

  test('what cannot be kept is answered, and the switch stays', async () => {
    const sentence = 'Give the channel a listening password first.';
    rig.listening.outcome = { ok: false, reason: 'badRequest', sentence };
    expect(await rig.ask('PUT', PATH, root, { listeners: true, access: 'password' })).toMatchObject({
      status: 400,
      body: { code: 'badRequest', sentence },
    });
    rig.listening.outcome = { ok: false, reason: 'storageFailed', sentence: 'The disk refuses.' };
    expect((await rig.ask('POST', `${PATH}/link`, root)).status).toBe(503);
    expect([rig.relay.commands, rig.relay.audited]).toEqual([[], []]);
  });

  test.each([
    ['link', 'link', 'renewListeningLink'],
    ['publish-key', 'publishKey', 'renewPublishKey'],
  ])('a new %s is answered with the state', async (path, what, action) => {
    const { status, body } = await rig.ask('POST', `${PATH}/${path}`, root);
    expect(status).toBe(200);
    expect(body).toMatchObject({ channel: 1, links: rig.listening.shown.links, mayManage: true });
    expect(rig.listening.asked).toEqual([{ what, channel: 1 }]);
    expect(rig.relay.audited).toMatchObject([{ by: 'account:root', action, subject: '1' }]);
  });

  test.each([
    {},
    { access: 'link' },
    { listeners: 1 },
    { listeners: true, access: 'secret' },
    { listeners: true, password: 'short' },
    { listeners: true, password: 'x'.repeat(129) },
    { listeners: true, maxListeners: 0 },
    { listeners: true, maxListeners: 5_001 },
    { listeners: true, publishKey: 'mine' },
  ])('%j is not understood', async (body) => {
    expect(await rig.ask('PUT', PATH, root, body)).toMatchObject({
      status: 400,
      body: { code: 'badRequest' },
    });
    expect([rig.listening.asked, rig.relay.commands]).toEqual([[], []]);
  });
});

describe('a relay without listening', () => {
  test('has the switch, and says that nobody is heard', async () => {
    const bare = await openAdmin({ listening: null });
    try {
      const { token } = await setUp(bare);
      bare.relay.shown = OPEN_VIEW;
      const { body } = await bare.ask('GET', '/api/listeners', token);
      expect(body).toMatchObject([
        {
          listeners: true,
          links: null,
          sentence: 'Listening is switched off in the settings of this relay.',
        },
      ]);
      expect((await bare.ask('PUT', PATH, token, { listeners: false })).status).toBe(204);
      for (const [method, path, sent] of [
        ['PUT', PATH, { listeners: true, talk: true }],
        ['POST', `${PATH}/link`, undefined],
      ] as const) {
        expect(await bare.ask(method, path, token, sent)).toMatchObject({
          status: 503,
          body: { code: 'unavailable' },
        });
      }
    } finally {
      await bare.close();
    }
  });
});
