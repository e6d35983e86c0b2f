import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_BAD_MESSAGES, MAX_UNGREETED_LANES } from '../relay/control-plane.ts';
import type { SessionOut } from '../session/session-engine.ts';
import { MAX_CHANNELS, MAX_ROOM_MEMBERS } from '../wire/channels.ts';
import { type ClientMessage, type RelayMessage, relayMessageSchema } from '../wire/control.ts';
import { balances } from './balance.ts';
import { type RecordedMember, RecordedRelay, voiceDatagram } from './recorded-relay.ts';
import { RecordedSession, welcomeFor } from './recorded-session.ts';
import { Simulation } from './simulation.ts';

/** Short by default; FUZZ_RUNS=20000 for a long night. fast-check prints the seed of a failure. */
const numRuns = Number(process.env.FUZZ_RUNS ?? 100);
/** A long run may take its time. */
const timeout = 10_000 + 100 * numRuns;

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

const u32 = fc.oneof(fc.nat(4), fc.nat(0xffff_ffff));
const anyName = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 40 }));

const clientMessage: fc.Arbitrary<ClientMessage> = fc.oneof(
  fc.record({ type: fc.constant('hello'), protocol: fc.constantFrom(0, 1, 1, 1, 2), nickname: anyName }),
  fc.record({ type: fc.constant('join'), channel: u32 }),
  fc.constant({ type: 'leave' } as const),
  fc.record({ type: fc.constant('state'), muted: fc.boolean(), deafened: fc.boolean() }),
  fc.record({ type: fc.constant('ping'), id: u32 }),
  fc.constant({ type: 'bye' } as const),
);

const member = fc.record({
  token: u32,
  nickname: anyName,
  channel: fc.option(u32),
  muted: fc.boolean(),
  deafened: fc.boolean(),
});
const channel = fc.record({
  id: u32,
  name: anyName,
  config: fc.constant({ bitrate: 32_000, frameSamples: 960, redundancyCopies: 0 } as const),
});
const relayMessage: fc.Arbitrary<RelayMessage> = fc.oneof(
  fc.nat(4).map((token): RelayMessage => welcomeFor(token)),
  fc.record({ type: fc.constant('memberJoined'), member }),
  fc.record({ type: fc.constant('memberLeft'), token: u32 }),
  fc.record({ type: fc.constant('memberChanged'), member }),
  fc.record({ type: fc.constant('channelChanged'), channel }),
  fc.record({ type: fc.constant('pong'), id: u32 }),
  fc.record({
    type: fc.constant('refused'),
    code: fc.constantFrom('nicknameTaken', 'roomFull', 'badMessage', 'versionUnsupported', 'relayClosing'),
    sentence: anyName,
  }),
);

/** Valid messages, messages with one character changed or cut off, JSON of any shape, and any text. */
function textsOf(message: fc.Arbitrary<ClientMessage | RelayMessage>): fc.Arbitrary<string> {
  const valid = message.map((value) => JSON.stringify(value));
  const changed = fc
    .tuple(valid, fc.nat(), fc.string({ minLength: 0, maxLength: 2, unit: 'binary' }))
    .map(([text, at, put]) => {
      const position = at % (text.length + 1);
      return text.slice(0, position) + put + text.slice(position + 1);
    });
  const cut = fc.tuple(valid, fc.nat()).map(([text, at]) => text.slice(0, at % (text.length + 1)));
  return fc.oneof({ weight: 4, arbitrary: valid }, changed, cut, fc.json(), fc.string({ unit: 'binary' }));
}

type Attack =
  | { readonly kind: 'open' }
  | { readonly kind: 'hangUp'; readonly lane: number }
  | { readonly kind: 'text'; readonly lane: number; readonly text: string }
  | { readonly kind: 'storm'; readonly lane: number; readonly text: string }
  | { readonly kind: 'datagram'; readonly bytes: Uint8Array; readonly port: number }
  | {
      readonly kind: 'underToken';
      readonly token: number | null;
      readonly bytes: Uint8Array;
      readonly port: number;
    }
  | { readonly kind: 'wait'; readonly ms: number };

const port = fc.integer({ min: 1, max: 65_535 });
const attack: fc.Arbitrary<Attack> = fc.oneof(
  fc.constant({ kind: 'open' } as const),
  fc.record({ kind: fc.constant('hangUp'), lane: fc.nat(20) }),
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('text'), lane: fc.nat(20), text: textsOf(clientMessage) }),
  },
  fc.record({ kind: fc.constant('storm'), lane: fc.nat(20), text: textsOf(clientMessage) }),
  fc.record({ kind: fc.constant('datagram'), bytes: fc.uint8Array({ maxLength: 80, size: 'max' }), port }),
  fc.record({
    kind: fc.constant('underToken'),
    token: fc.option(u32),
    bytes: fc.uint8Array({ maxLength: 80, size: 'max' }),
    port,
  }),
  fc.record({ kind: fc.constant('wait'), ms: fc.nat(4_000) }),
);

function entered(relay: RecordedRelay, nickname: string): RecordedMember {
  const honest = relay.enter(nickname);
  if (honest === null) throw new Error(`${nickname} was refused`);
  relay.probe(honest);
  return honest;
}

function launch(relay: RecordedRelay, lanes: number[], victim: RecordedMember, step: Attack): void {
  const from = (number: number) => ({ address: '203.0.113.77', port: number });
  switch (step.kind) {
    case 'open':
      lanes.push(relay.open());
      return;
    case 'hangUp':
      relay.hangUp(lanes[step.lane % lanes.length] ?? 0);
      return;
    case 'text':
      relay.sayText(lanes[step.lane % lanes.length] ?? 0, step.text);
      return;
    case 'storm':
      for (let count = 0; count < 40; count += 1)
        relay.sayText(lanes[step.lane % lanes.length] ?? 0, step.text);
      return;
    case 'datagram':
      relay.send(step.bytes, from(step.port));
      return;
    case 'underToken': {
      const bytes = voiceDatagram(step.token ?? victim.token, 0).slice();
      // Flags, sequence, or anything else after the token is spoilt by what little was drawn.
      bytes.set(step.bytes.subarray(0, step.bytes.length % 17), 4);
      relay.send(bytes, from(step.port));
      return;
    }
    case 'wait':
      relay.pass(step.ms);
      return;
  }
}

const attackOutcomes = [
  'joined',
  'left',
  'messagesBad',
  'messagesRefused',
  'messagesTooMany',
  'lanesClosedBadMessages',
  'lanesClosedBye',
  'lanesClosedHelloTimeout',
  'discard.unknownToken',
  'discard.wrongAddress',
  'discard.reservedFlags',
];

describe('a relay under attack', () => {
  test('never throws, stays bounded, and carries everybody else’s voice', { timeout }, () => {
    const maxMembers = 4;
    const reached: Record<string, number> = {};
    fc.assert(
      fc.property(fc.array(attack, { minLength: 1, maxLength: 120, size: 'max' }), (attacks) => {
        const relay = new RecordedRelay({ mac, maxMembers });
        const victor = entered(relay, 'Victor');
        const wanda = entered(relay, 'Wanda');
        const lanes = [relay.open()];
        let sequence = 0;
        let pingDueMs = relay.nowMs;
        for (const step of attacks) {
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

          const { members = 0, lanes: open = 0 } = relay.engine.stats();
          expect(members).toBeLessThanOrEqual(maxMembers);
          expect(open).toBeLessThanOrEqual(maxMembers + MAX_UNGREETED_LANES);
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
            .filter((message) => message.type === 'refused' && message.code === 'badMessage');
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
      const lane = relay.open();
      relay.say(lane, { type: 'hello', protocol: 1, nickname: `Guest ${round}` });
      if (round % 2 === 0) relay.hangUp(lane);
      else relay.say(lane, { type: 'bye' });
    }
    expect(relay.engine.stats()).toMatchObject({ members: 0, lanes: 0, joined: 300, left: 300 });
    relay.pass(60_000);
    expect(relay.engine.nextDeadlineMs()).toBeNull();
  });
});

/** What an adapter may be asked for: one lane at a time, closed only when there is one, used only when it is open. */
class LaneModel {
  state: 'none' | 'opening' | 'open' = 'none';
  readonly session = new RecordedSession();
  readonly out: SessionOut = {
    ...this.session.out,
    openLane: () => {
      expect(this.state).toBe('none');
      this.state = 'opening';
    },
    closeLane: () => {
      expect(this.state).not.toBe('none');
      this.state = 'none';
    },
    sendControl: () => {
      expect(this.state).toBe('open');
    },
  };
}

const happening = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('text'), text: textsOf(relayMessage) }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'welcome' } as const) },
  { weight: 3, arbitrary: fc.constant({ kind: 'opened' } as const) },
  fc.record({
    kind: fc.constant('closed'),
    failure: fc.constantFrom('refused', 'closed', 'timeout', 'certificate'),
  }),
  fc.record({ kind: fc.constant('wait'), ms: fc.nat(40_000) }),
  fc.record({ kind: fc.constant('join'), channel: fc.option(fc.nat(3)) }),
  fc.record({ kind: fc.constant('state'), muted: fc.boolean(), deafened: fc.boolean() }),
  fc.constant({ kind: 'leave' } as const),
);

test('a session under attack never throws, stays bounded, and asks nothing impossible of its adapter', {
  timeout,
}, () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 120, size: 'max' }), (happenings) => {
      const model = new LaneModel();
      const { session, out } = model;
      const { engine } = session;
      for (const step of happenings) {
        if (engine.phase === 'idle') engine.handleConnect('Anna', session.nowMs, out);
        if (step.kind === 'text') engine.handleLaneMessage(step.text, session.nowMs, out);
        else if (step.kind === 'welcome')
          engine.handleLaneMessage(JSON.stringify(welcomeFor(7)), session.nowMs, out);
        else if (step.kind === 'opened') {
          if (model.state === 'opening') model.state = 'open';
          if (model.state === 'open') engine.handleLaneOpened(session.nowMs, out);
        } else if (step.kind === 'closed') {
          if (model.state === 'none') continue;
          model.state = 'none';
          engine.handleLaneClosed(step.failure, session.nowMs, out);
        } else if (step.kind === 'wait') {
          session.nowMs += step.ms;
          engine.handleDeadline(session.nowMs, out);
        } else if (step.kind === 'join') engine.joinChannel(step.channel, session.nowMs, out);
        else if (step.kind === 'state') engine.setState(step, session.nowMs, out);
        else engine.handleLeave(session.nowMs, out);

        expect(engine.members.length).toBeLessThanOrEqual(MAX_ROOM_MEMBERS);
        expect(engine.channels.length).toBeLessThanOrEqual(MAX_CHANNELS);
        expect(engine.nextDeadlineMs() === null).toBe(engine.phase === 'idle');
        expect(engine.phase === 'idle' || engine.phase === 'waiting').toBe(model.state === 'none');
        const { messages, messagesAccepted, messagesMalformed, messagesUnexpected } = engine.counters;
        expect(messages).toBe(messagesAccepted + messagesMalformed + messagesUnexpected);
      }
    }),
    { numRuns },
  );
});

test('whatever network and people do, every datagram and message of a whole call is accounted for', {
  timeout,
}, () => {
  const rate = fc.double({ min: 0, max: 0.4, noNaN: true });
  const impairments = fc.record({
    delayMs: fc.nat(150),
    jitterMs: fc.nat(80),
    lossRate: rate,
    duplicateRate: rate,
    reorderRate: rate,
    reorderMs: fc.nat(200),
  });
  const action = fc.record({
    who: fc.nat(2),
    what: fc.constantFrom(
      'talk',
      'hush',
      'move',
      'away',
      'deafen',
      'hear',
      'offline',
      'online',
      'restart',
      'leave',
    ),
  });
  fc.assert(
    fc.property(
      fc.nat(),
      impairments,
      fc.array(action, { maxLength: 25, size: 'max' }),
      (seed, network, actions) => {
        const run = (): Simulation => {
          const simulation = new Simulation({ seed, mac, impairments: network });
          for (const nickname of ['Anna', 'Ben', 'Cleo']) simulation.addClient(nickname).connect();
          simulation.runFor(1_000);
          for (const { who, what } of actions) {
            act(simulation, who, what);
            simulation.runFor(700);
            for (const { name, left, right } of balances(simulation)) {
              expect({ name, total: left }).toEqual({ name, total: right });
            }
          }
          return simulation;
        };
        expect(run().trace.digest).toBe(run().trace.digest);
      },
    ),
    { numRuns: Math.max(10, Math.floor(numRuns / 4)) },
  );
});

function act(simulation: Simulation, who: number, what: string): void {
  const client = simulation.clients[who];
  if (client === undefined) return;
  const moved = { address: client.endpoint.address, port: client.endpoint.port + 1 };
  switch (what) {
    case 'talk':
    case 'hush':
      client.talking = what === 'talk';
      return;
    case 'move':
      client.moveTo(moved);
      return;
    case 'away':
      client.joinChannel(client.session.ownChannel?.id === 1 ? 2 : 1);
      return;
    case 'deafen':
    case 'hear':
      client.setState(false, what === 'deafen');
      return;
    case 'offline':
    case 'online':
      client.setOffline(what === 'offline');
      return;
    case 'restart':
      simulation.relay.crash();
      simulation.runFor(300);
      simulation.relay.start();
      return;
    default:
      if (client.session.phase === 'idle') client.connect();
      else client.leave();
  }
}
