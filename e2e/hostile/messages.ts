import type { Rng } from '../../src/core/base/rng.ts';
import { type ClientMessage, PROTOCOL_VERSION, type Request } from '../../src/core/wire/control.ts';
import { WHISPER_LIST_BIT } from '../../src/core/wire/datagram.ts';
import { channelConfig } from './attacks/voice-rights.ts';
import { pick, randomBytes, randomText, whole } from './chance.ts';

/** What a fuzzer knows of the room. */
export interface Known {
  readonly tokens: readonly number[];
  readonly identities: readonly string[];
}

/** Longer than a control message may be. */
const TOO_LONG = 70_000;

/** Deep enough for a parser that calls itself to run out of stack. */
const DEEP = 20_000;

function u32(rng: Rng): number {
  return pick(rng, [0, 1, 2, 3, whole(rng, 2 ** 32), 2 ** 32 - 1, WHISPER_LIST_BIT + whole(rng, 4)]);
}

function text(rng: Rng): string {
  return pick(rng, [
    'hello',
    'Zoë',
    '<script>',
    `name ${whole(rng, 99)}`,
    '\u202eabc',
    'line\nbreak',
    '😀'.repeat(9),
    '',
  ]);
}

function request(rng: Rng, known: Known): Request {
  const member = pick(rng, [...known.tokens, u32(rng)]);
  const identity = pick(rng, [...known.identities, randomText(rng, 32)]);
  const channel = u32(rng);
  const reason = text(rng);
  return pick<() => Request>(rng, [
    () => ({ kind: 'join', channel, password: 'guess' }),
    () => ({ kind: 'join', channel }),
    () => ({ kind: 'move', member, channel }),
    () => ({ kind: 'muteForAll', member, muted: true }),
    () => ({ kind: 'kick', member, reason }),
    () => ({ kind: 'ban', subject: { kind: 'identity', identity }, reason, seconds: null }),
    () => ({ kind: 'ban', subject: { kind: 'range', range: '0.0.0.0/0' }, reason, seconds: 9 }),
    () => ({ kind: 'unban', ban: whole(rng, 9) }),
    () => ({ kind: 'listBans' }),
    () => ({
      kind: 'createChannel',
      name: reason,
      parent: channel,
      config: channelConfig({}),
      password: null,
    }),
    () => ({ kind: 'changeChannel', channel, name: reason, config: channelConfig({ speakRole: 3 }) }),
    () => ({ kind: 'removeChannel', channel }),
    () => ({ kind: 'saveRole', role: null, name: reason, rank: 100, permissions: ['roles'] }),
    () => ({ kind: 'removeRole', role: u32(rng) }),
    () => ({ kind: 'assignRole', identity, role: 3 }),
    () => ({ kind: 'history', channel, before: null }),
    () => ({ kind: 'whisperList', list: u32(rng), targets: [member, u32(rng)] }),
  ])();
}

/** A message of the right shape, though not always one that makes sense. */
export function validMessage(rng: Rng, known: Known): ClientMessage {
  const identity = pick(rng, [...known.identities, randomText(rng, 32)]);
  const token = pick(rng, [...known.tokens, u32(rng)]);
  const secret = randomText(rng, 32);
  const whisperKey = { key: secret, signature: randomText(rng, 64) };
  const state = { channel: u32(rng), generation: u32(rng), epoch: whole(rng, 9) };
  const noise = randomText(rng, 1 + whole(rng, 300));
  return pick<() => ClientMessage>(rng, [
    () => ({ type: 'hello', protocol: PROTOCOL_VERSION, nickname: text(rng), identity }),
    () => ({
      type: 'hello',
      protocol: whole(rng, 4),
      nickname: text(rng),
      identity,
      resume: { token, secret, chatSeen: whole(rng, 9) },
    }),
    () => ({ type: 'login', signature: randomText(rng, 64), whisperKey }),
    () => ({ type: 'leave' }),
    () => ({ type: 'state', muted: rng.next() < 0.5, deafened: rng.next() < 0.5 }),
    () => ({ type: 'voicePath', path: pick(rng, ['udp', 'lane'] as const) }),
    () => ({ type: 'chat', id: u32(rng), to: { kind: 'channel', channel: u32(rng) }, text: text(rng) }),
    () => ({ type: 'chat', id: u32(rng), to: { kind: 'member', identity }, text: text(rng) }),
    () => ({ type: 'chatSeen', seen: pick(rng, [0, 1, Number.MAX_SAFE_INTEGER]) }),
    () => ({ type: 'request', id: u32(rng), request: request(rng, known) }),
    () => ({ type: 'request', id: u32(rng), request: request(rng, known) }),
    () => ({ type: 'keyPackage', channel: u32(rng), package: noise }),
    () => ({ type: 'commit', state, commit: noise, welcome: pick(rng, [null, noise]), skipped: [identity] }),
    () => ({ type: 'whisperKey', to: token, target: u32(rng), sealed: noise }),
    () => ({ type: 'ping', id: u32(rng) }),
    () => ({ type: 'bye' }),
  ])();
}

/** A value that does not belong where it is put. */
function strangeValue(rng: Rng): unknown {
  return pick<unknown>(rng, [
    null,
    -1,
    1.5,
    2 ** 53,
    1e308,
    '',
    'x'.repeat(3_000),
    [],
    {},
    true,
    [[[]]],
    { toString: 1 },
  ]);
}

function otherFields(rng: Rng, message: ClientMessage): string {
  const fields: Record<string, unknown> = { ...message };
  const name = pick(rng, Object.keys(fields));
  const change = whole(rng, 3);
  if (change === 0) delete fields[name];
  else if (change === 1) fields[name] = strangeValue(rng);
  else fields[pick(rng, ['extra', 'constructor', 'type ', 'ID'])] = strangeValue(rng);
  const changed = JSON.stringify(fields);
  // Written by hand: an object literal with this key would set the prototype instead.
  return rng.next() < 0.1 ? changed.replace('{', '{"__proto__":{"type":"ping"},') : changed;
}

/** Something that a lane may be sent: mostly a message with something wrong about it, now and then one that is right. */
export function mutatedMessage(rng: Rng, known: Known): string {
  const message = validMessage(rng, known);
  const valid = JSON.stringify(message);
  const at = whole(rng, valid.length);
  const chance = rng.next();
  if (chance < 0.45) return valid;
  if (chance < 0.7) return otherFields(rng, message);
  if (chance < 0.8)
    return valid.slice(0, at) + String.fromCharCode(whole(rng, 0x1_0000)) + valid.slice(at + 1);
  if (chance < 0.87) return valid.slice(0, at);
  if (chance < 0.95) return Buffer.from(randomBytes(rng, 1 + whole(rng, 200))).toString('latin1');
  if (chance < 0.96) return '['.repeat(DEEP);
  if (chance < 0.97) return valid.padEnd(TOO_LONG);
  return valid + valid;
}
