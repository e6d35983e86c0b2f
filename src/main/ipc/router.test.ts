import { describe, expect, test } from 'vitest';
import { type CommandHandlers, commandSchemas } from '../../contract/ipc.ts';
import { MAX_JOIN_TARGET_LENGTH } from '../../contract/limits.ts';
import { createRouter } from './router.ts';

/** Handlers that answer `ok` to everything and note what they were given. */
function recordingHandlers(given: Map<string, unknown>): CommandHandlers {
  const handlers: Record<string, (payload: unknown) => Promise<unknown>> = {};
  for (const name of Object.keys(commandSchemas)) {
    handlers[name] = async (payload) => {
      given.set(name, payload);
      return { ok: true };
    };
  }
  return handlers as unknown as CommandHandlers;
}

describe('router', () => {
  test('hands a checked payload to the handler of that name', async () => {
    const given = new Map<string, unknown>();
    const router = createRouter(recordingHandlers(given));
    expect(await router.dispatch('setMuted', { muted: true })).toEqual({ ok: true, answer: { ok: true } });
    expect(given).toEqual(new Map([['setMuted', { muted: true }]]));
  });

  test('knows every command of the contract', async () => {
    const given = new Map<string, unknown>();
    const router = createRouter(recordingHandlers(given));
    for (const name of Object.keys(commandSchemas)) await router.dispatch(name, null);
    expect(router.counters.unknownCommand).toBe(0);
    expect(given.has('getState')).toBe(true);
  });

  test.each(['nonsense', '', 'constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    'refuses the unknown command "%s"',
    async (name) => {
      const router = createRouter(recordingHandlers(new Map()));
      const result = await router.dispatch(name, null);
      expect(result.ok).toBe(false);
      expect(router.counters.unknownCommand).toBe(1);
    },
  );

  test.each([
    ['setMuted', null],
    ['setMuted', { muted: 'yes' }],
    ['setMuted', { muted: true, more: 1 }],
    ['getState', {}],
    ['getState', undefined],
    ['join', { target: 'x'.repeat(MAX_JOIN_TARGET_LENGTH + 1), nickname: 'Ada' }],
    ['setMemberVolume', { token: 1, volume: 2.01 }],
    ['setGateThreshold', { thresholdDb: Number.NaN }],
    ['blockMainThread', { milliseconds: 1_001 }],
  ])('refuses %s with the payload %j before any handler sees it', async (name, payload) => {
    const given = new Map<string, unknown>();
    const router = createRouter(recordingHandlers(given));
    const result = await router.dispatch(name, payload);
    expect(result).toMatchObject({ ok: false, sentence: expect.stringContaining(name) });
    expect(given.size).toBe(0);
    expect(router.counters.badPayload).toBe(1);
  });

  test('turns a handler that throws into a sentence, and tells who asked to be told', async () => {
    const failures: string[] = [];
    const handlers = recordingHandlers(new Map());
    const router = createRouter(
      {
        ...handlers,
        leave: async () => {
          throw new Error('the secret detail');
        },
        getState: () => {
          throw new Error('not even a promise');
        },
      },
      (command, error) => failures.push(`${command}: ${String(error)}`),
    );
    const left = await router.dispatch('leave', null);
    const state = await router.dispatch('getState', null);
    expect(left).toEqual({ ok: false, sentence: expect.not.stringContaining('secret') });
    expect(state.ok).toBe(false);
    expect(failures).toEqual(['leave: Error: the secret detail', 'getState: Error: not even a promise']);
    expect(router.counters.handlerFailed).toBe(2);
  });

  test('counts everything once', async () => {
    const router = createRouter(recordingHandlers(new Map()));
    await router.dispatch('leave', null);
    await router.dispatch('leave', 1);
    await router.dispatch('fly', null);
    const { received, answered, unknownCommand, badPayload, handlerFailed } = router.counters;
    expect(received).toBe(3);
    expect(answered + unknownCommand + badPayload + handlerFailed).toBe(received);
  });
});
