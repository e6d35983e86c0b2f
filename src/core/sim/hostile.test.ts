import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_BAD_MESSAGES, MAX_UNGREETED_LANES } from '../relay/lanes.ts';
import { HOLD_MS } from '../relay/sessions.ts';
import { MAX_UNDELIVERED_CHATS } from '../wire/chat.ts';
import { type ClientMessage, PROTOCOL_VERSION, type Request, relayMessageSchema } from '../wire/control.ts';
import { WHISPER_LIST_BIT } from '../wire/datagram.ts';
import type { Permission } from '../wire/roles.ts';
import { type RecordedMember, RecordedRelay, voiceDatagram } from './recorded-relay.ts';
import { shapeOfWhisperKey, simChannelConfig, simIdentity } from './sim-room.ts';

/** Short by default; FUZZ_RUNS=20000 for a long night. fast-check prints the seed of a failure. */
const numRuns = Number(process.env.FUZZ_RUNS ?? 100);
/** A long run may take its time. */
const timeout = 10_000 + 100 * numRuns;

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

const u32 = fc.oneof(fc.nat(4), fc.nat(0xffff_ffff), fc.constant(WHISPER_LIST_BIT + 1));
const anyName = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 40 }));
const identity = fc.nat(3).map(simIdentity);
const base64Url = fc.stringMatching(/^[\w-]{1,60}$/);
const secret = fc.constantFrom('A'.repeat(43), 'E'.repeat(42).concat('A'));
const groupState = fc.record({ channel: fc.nat(3), generation: u32, epoch: fc.nat(3) });

const request: fc.Arbitrary<Request> = fc.oneof(
  fc.record({ kind: fc.constant('join'), channel: fc.nat(3) }),
  fc.record({ kind: fc.constant('move'), member: u32, channel: fc.nat(3) }),
  fc.record({ kind: fc.constant('muteForAll'), member: u32, muted: fc.boolean() }),
  fc.record({ kind: fc.constant('kick'), member: u32, reason: anyName }),
  fc.record({
    kind: fc.constant('ban'),
    subject: fc.oneof(
      fc.record({ kind: fc.constant('identity'), identity }),
      fc.record({ kind: fc.constant('range'), range: fc.constantFrom('192.0.2.0/24', '0.0.0.0/0', 'x/y') }),
      fc.record({ kind: fc.constant('addressOf'), member: u32 }),
    ),
    reason: fc.constant(''),
    seconds: fc.constantFrom(null, 1, 60),
  }),
  fc.record({ kind: fc.constant('unban'), ban: fc.nat(3) }),
  fc.constant({ kind: 'listBans' } as const),
  fc.record({
    kind: fc.constant('createChannel'),
    name: anyName,
    parent: fc.option(fc.nat(3)),
    config: fc.constant(simChannelConfig),
    password: fc.constantFrom(null, 'password'),
  }),
  fc.record({
    kind: fc.constant('changeChannel'),
    channel: fc.nat(3),
    name: anyName,
    config: fc.constant({ ...simChannelConfig, speakRole: 3 }),
    password: fc.constantFrom(null, 'password'),
  }),
  fc.record({ kind: fc.constant('removeChannel'), channel: fc.nat(3) }),
  fc.record({
    kind: fc.constant('saveRole'),
    role: fc.option(fc.nat(20)),
    name: anyName,
    rank: fc.nat(100),
    permissions: fc.constant<Permission[]>(['kick']),
  }),
  fc.record({ kind: fc.constant('removeRole'), role: fc.nat(20) }),
  fc.record({ kind: fc.constant('assignRole'), identity, role: fc.nat(4) }),
  fc.record({ kind: fc.constant('history'), channel: fc.nat(3), before: fc.constantFrom(null, 1, 9) }),
  fc.record({ kind: fc.constant('whisperList'), list: u32, targets: fc.array(u32, { maxLength: 3 }) }),
);

const clientMessage: fc.Arbitrary<ClientMessage> = fc.oneof(
  fc.record({
    type: fc.constant('hello'),
    protocol: fc.constantFrom(0, PROTOCOL_VERSION, PROTOCOL_VERSION, PROTOCOL_VERSION, 1),
    nickname: anyName,
    identity,
    resume: fc.record({ token: u32, secret, chatSeen: fc.nat(9) }),
  }),
  fc.record({
    type: fc.constant('login'),
    signature: fc.constant('A'.repeat(86)),
    whisperKey: fc.constant(shapeOfWhisperKey),
  }),
  fc.constant({ type: 'leave' } as const),
  fc.record({ type: fc.constant('state'), muted: fc.boolean(), deafened: fc.boolean() }),
  fc.record({ type: fc.constant('voicePath'), path: fc.constantFrom('udp', 'lane') }),
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('chat'),
      id: u32,
      to: fc.oneof(
        fc.record({ kind: fc.constant('channel'), channel: fc.nat(3) }),
        fc.record({ kind: fc.constant('member'), identity }),
      ),
      text: fc.oneof(anyName, fc.constant('hello')),
    }),
  },
  fc.record({ type: fc.constant('chatSeen'), seen: fc.nat() }),
  { weight: 6, arbitrary: fc.record({ type: fc.constant('request'), id: u32, request }) },
  fc.record({ type: fc.constant('keyPackage'), channel: fc.nat(3), package: base64Url }),
  fc.record({
    type: fc.constant('commit'),
    state: groupState,
    commit: fc.option(base64Url),
    welcome: fc.option(base64Url),
    skipped: fc.array(identity, { maxLength: 2 }),
  }),
  fc.record({ type: fc.constant('whisperKey'), to: u32, target: u32, sealed: base64Url }),
  fc.record({ type: fc.constant('ping'), id: u32 }),
  fc.constant({ type: 'bye' } as const),
);

/** Valid messages, messages with one character changed or cut off, JSON of any shape, and any text. */
const valid = clientMessage.map((value) => JSON.stringify(value));
const changed = fc
  .tuple(valid, fc.nat(), fc.string({ minLength: 0, maxLength: 2, unit: 'binary' }))
  .map(([text, at, put]) => {
    const position = at % (text.length + 1);
    return text.slice(0, position) + put + text.slice(position + 1);
  });
const cut = fc.tuple(valid, fc.nat()).map(([text, at]) => text.slice(0, at % (text.length + 1)));
const text = fc.oneof(
  { weight: 8, arbitrary: valid },
  changed,
  cut,
  fc.json(),
  fc.string({ unit: 'binary' }),
);

type Attack =
  | { readonly kind: 'open' }
  | {
      readonly kind: 'enter';
      readonly who: number;
      readonly resume: { readonly token: number; readonly secret: string; readonly chatSeen: number } | null;
    }
  | { readonly kind: 'hangUp'; readonly lane: number }
  | { readonly kind: 'text'; readonly lane: number; readonly text: string }
  | { readonly kind: 'storm'; readonly lane: number; readonly text: string }
  | { readonly kind: 'datagram'; readonly bytes: Uint8Array; readonly port: number }
  | {
      readonly kind: 'laneDatagram';
      /** Null: left as it is. */
      readonly bytes: Uint8Array | null;
      readonly lane: number;
    }
  | {
      readonly kind: 'underToken';
      readonly token: number | null;
      readonly bytes: Uint8Array | null;
      readonly port: number;
    }
  | { readonly kind: 'wait'; readonly ms: number };

/** Which of the attackers' lanes; below zero: counted from the newest. */
const lane = fc.oneof(fc.nat(20), fc.constant(-1));
const port = fc.integer({ min: 1, max: 65_535 });
const bytes = fc.uint8Array({ maxLength: 80, size: 'max' });
/** Null: left as it is. */
const spoiling = fc.option(bytes, { freq: 2 });
const attack: fc.Arbitrary<Attack> = fc.oneof(
  fc.constant({ kind: 'open' } as const),
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('enter'),
      who: fc.nat(3),
      resume: fc.option(fc.record({ token: u32, secret, chatSeen: fc.nat(9) })),
    }),
  },
  fc.record({ kind: fc.constant('hangUp'), lane }),
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('text'), lane, text }) },
  fc.record({ kind: fc.constant('storm'), lane, text }),
  fc.record({ kind: fc.constant('datagram'), bytes, port }),
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('laneDatagram'), bytes: spoiling, lane }),
  },
  fc.record({ kind: fc.constant('underToken'), token: fc.option(u32, { freq: 2 }), bytes: spoiling, port }),
  fc.record({ kind: fc.constant('wait'), ms: fc.nat(4_000) }),
);

function entered(relay: RecordedRelay, nickname: string): RecordedMember {
  const honest = relay.enter(nickname);
  if (honest === null) throw new Error(`${nickname} was refused`);
  relay.probe(honest);
  return honest;
}

/** Voice under somebody's token, with flags, sequence, or anything else after the token spoilt. */
function spoiltVoice(token: number, spoiling: Uint8Array | null): Uint8Array {
  const voice = voiceDatagram(token, 0).slice();
  if (spoiling !== null) voice.set(spoiling.subarray(0, spoiling.length % 17), 4);
  return voice;
}

function launch(relay: RecordedRelay, lanes: number[], victim: RecordedMember, step: Attack): void {
  const from = (number: number) => ({ address: '203.0.113.77', port: number });
  const lane = (number: number) => lanes.at(number < 0 ? number : number % lanes.length) ?? 0;
  switch (step.kind) {
    case 'open':
      lanes.push(relay.open());
      return;
    case 'enter': {
      const resume = step.resume === null ? {} : { resume: { ...step.resume, token: victim.token } };
      lanes.push(relay.greet(`Mallory ${step.who}`, { address: '203.0.113.77', ...resume }));
      return;
    }
    case 'hangUp':
      relay.hangUp(lane(step.lane));
      return;
    case 'text':
      relay.sayText(lane(step.lane), step.text);
      relay.doPasswords();
      return;
    case 'storm':
      for (let count = 0; count < 40; count += 1) relay.sayText(lane(step.lane), step.text);
      return;
    case 'datagram':
      relay.send(step.bytes, from(step.port));
      return;
    case 'laneDatagram':
      relay.sendOverLane(spoiltVoice(victim.token, step.bytes), lane(step.lane));
      return;
    case 'underToken':
      relay.send(spoiltVoice(step.token ?? victim.token, step.bytes), from(step.port));
      return;
    case 'wait':
      relay.pass(step.ms);
      return;
  }
}

const attackOutcomes = [
  'joined',
  'left',
  'sessionsHeld',
  'resumesOtherIdentity',
  'messagesBad',
  'messagesRefused',
  'messagesTooMany',
  'chatsTaken',
  'chatsRefused',
  'lanesClosedBadMessages',
  'lanesClosedBye',
  'lanesClosedRefused',
  'lanesClosedHelloTimeout',
  'laneDatagramsFromNobody',
  'discard.unknownToken',
  'discard.wrongAddress',
  'discard.reservedFlags',
  'discard.laneWrongToken',
];

const attacks = fc.array(attack, { minLength: 1, maxLength: 120, size: 'max' });

describe('a relay under attack', () => {
  test('never throws, stays bounded, and carries everybody else’s voice', { timeout }, () => {
    const maxMembers = 5;
    const reached: Record<string, number> = {};
    fc.assert(
      fc.property(attacks, (steps) => {
        const relay = new RecordedRelay({ mac, maxMembers });
        const victor = entered(relay, 'Victor');
        const wanda = entered(relay, 'Wanda');
        const lanes = [relay.open()];
        let sequence = 0;
        let pingDueMs = relay.nowMs;
        for (const step of steps) {
          launch(relay, lanes, victor, step);
          if (relay.nowMs >= pingDueMs) {
            pingDueMs = relay.nowMs + 10_000;
            for (const { lane } of [victor, wanda]) relay.say(lane, { type: 'ping', id: sequence });
          }
          relay.pass(40);
          relay.datagrams.length = 0;
          sequence += 1;
          const voice = voiceDatagram(victor.token, sequence);
          relay.send(voice, victor.endpoint);
          expect(relay.datagrams).toContainEqual({ bytes: voice, to: wanda.endpoint });

          const { members = 0, lanes: open = 0, deliveriesWaiting = 0 } = relay.engine.stats();
          expect(members).toBeLessThanOrEqual(maxMembers);
          expect(open).toBeLessThanOrEqual(maxMembers + MAX_UNGREETED_LANES);
          expect(deliveriesWaiting).toBeLessThanOrEqual(maxMembers * MAX_UNDELIVERED_CHATS);
        }
        const stats = relay.engine.stats();
        for (const name of attackOutcomes) reached[name] = (reached[name] ?? 0) + (stats[name] ?? 0);
        // The two honest members.
        reached['joined'] = (reached['joined'] ?? 0) - 2;
        expect(relay.strayMessages).toBe(0);
        expect(relay.closed).not.toContain(victor.lane);
        expect(relay.closed).not.toContain(wanda.lane);
        for (const messages of relay.messages.values()) {
          for (const message of messages) expect(relayMessageSchema.safeParse(message).success).toBe(true);
        }
        // A lane is told no more often that it is wrong than it takes to be closed.
        for (const lane of lanes) {
          const bad = relay
            .take(lane)
            .filter(
              (message) =>
                message.type === 'refused' && message.code === 'badMessage' && message.request === null,
            );
          expect(bad.length).toBeLessThanOrEqual(MAX_BAD_MESSAGES);
        }
      }),
      { numRuns },
    );
    // An attack that never gets anywhere proves nothing.
    for (const name of attackOutcomes)
      expect({ name, reached: (reached[name] ?? 0) > 0 }).toEqual({ name, reached: true });
  });

  test('forgets everything about those who are gone', () => {
    const relay = new RecordedRelay({ mac, maxMembers: 200 });
    for (let round = 0; round < 300; round += 1) {
      const lane = relay.greet(`Guest ${round}`, { address: `192.0.2.${round % 250}` });
      if (round % 2 === 0) relay.hangUp(lane);
      else relay.say(lane, { type: 'bye' });
    }
    expect(relay.engine.stats()).toMatchObject({ members: 150, lanes: 0, joined: 300, left: 150 });
    relay.pass(HOLD_MS);
    expect(relay.engine.stats()).toMatchObject({ members: 0, left: 300, deliveriesWaiting: 0 });
    expect(relay.store.snapshot().sessions).toEqual([]);
    expect(relay.engine.nextDeadlineMs()).toBeNull();
  });
});
