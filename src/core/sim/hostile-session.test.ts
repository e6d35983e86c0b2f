import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_CHAT_OUTBOX } from '../session/chat-outbox.ts';
import type { SessionOut } from '../session/session-engine.ts';
import { MAX_CHANNELS, MAX_ROOM_MEMBERS } from '../wire/channels.ts';
import { type Ban, clientMessageSchema, type RelayMessage } from '../wire/control.ts';
import { refusalCodeSchema } from '../wire/refusal.ts';
import type { Permission } from '../wire/roles.ts';
import { RecordedSession, recordedLogin, welcomeFor } from './recorded-session.ts';
import { memberFor, simChannelConfig, simIdentity } from './sim-room.ts';

/** Short by default; FUZZ_RUNS=20000 for a long night. fast-check prints the seed of a failure. */
const numRuns = Number(process.env.FUZZ_RUNS ?? 100);
const timeout = 10_000 + 100 * numRuns;

const u32 = fc.oneof(fc.nat(4), fc.nat(0xffff_ffff));
const anyName = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 40 }));
const member = fc
  .record({ token: u32, nickname: anyName, channel: fc.option(u32), reconnecting: fc.boolean() })
  .map(({ token, ...facts }) => memberFor(token, facts));
const channel = fc.record({
  id: u32,
  parent: fc.option(u32),
  name: anyName,
  locked: fc.boolean(),
  config: fc.constant(simChannelConfig),
});
const role = fc.record({
  id: fc.nat(3),
  name: anyName,
  rank: fc.nat(100),
  permissions: fc.constant<Permission[]>(['kick']),
});
const message = fc.record({
  id: fc.integer({ min: 1, max: 9 }),
  from: fc.record({ identity: fc.nat(8).map(simIdentity), nickname: anyName }),
  to: fc.record({ kind: fc.constant('channel'), channel: u32 }),
  text: anyName,
  sentMs: fc.nat(),
});
const groupState = fc.record({ channel: u32, generation: u32, epoch: fc.nat(3) });

const welcome = fc
  .record({
    token: fc.nat(4),
    resumed: fc.boolean(),
    chatTaken: fc.oneof(fc.nat(4), u32),
    chatSeen: fc.nat(4),
  })
  .map(({ token, ...facts }): RelayMessage => welcomeFor(token, facts));

const relayMessage: fc.Arbitrary<RelayMessage> = fc.oneof(
  welcome,
  fc.constant({ type: 'challenge', nonce: 'A'.repeat(43) } as const),
  fc.record({ type: fc.constant('memberJoined'), member }),
  fc.record({ type: fc.constant('memberLeft'), token: u32 }),
  fc.record({ type: fc.constant('memberChanged'), member }),
  fc.record({ type: fc.constant('channelChanged'), channel }),
  fc.record({ type: fc.constant('channelRemoved'), channel: u32 }),
  fc.record({ type: fc.constant('roles'), roles: fc.array(role, { maxLength: 3 }) }),
  fc.record({ type: fc.constant('bans'), bans: fc.constant<Ban[]>([]) }),
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('chat'),
      delivery: fc.integer({ min: 1, max: 9 }),
      message,
    }),
  },
  fc.record({
    type: fc.constant('chatTaken'),
    id: fc.nat(5),
    message: fc.integer({ min: 1, max: 9 }),
    sentMs: fc.nat(),
  }),
  fc.record({
    type: fc.constant('history'),
    channel: u32,
    messages: fc.array(message, { maxLength: 2 }),
    complete: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('committed'),
    state: groupState,
    from: fc.nat(8).map(simIdentity),
    commit: fc.constantFrom(null, 'AAAA'),
  }),
  fc.record({ type: fc.constant('keyPackageWanted'), channel: u32, reset: fc.boolean() }),
  fc.record({
    type: fc.constant('whisperKeyFrom'),
    from: u32,
    target: u32,
    sealed: fc.constant('AAAA'),
  }),
  fc.record({ type: fc.constant('done'), id: fc.nat(20) }),
  fc.record({ type: fc.constant('pong'), id: u32 }),
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('refused'),
      code: fc.constantFrom(...refusalCodeSchema.options),
      rule: fc.constant(null),
      request: fc.option(fc.nat(20)),
      chat: fc.option(fc.nat(5)),
    }),
  },
);

/** Valid messages, messages with one character changed or cut off, JSON of any shape, and any text. */
const valid = relayMessage.map((value) => JSON.stringify(value));
const changed = fc
  .tuple(valid, fc.nat(), fc.string({ minLength: 0, maxLength: 2, unit: 'binary' }))
  .map(([text, at, put]) => {
    const position = at % (text.length + 1);
    return text.slice(0, position) + put + text.slice(position + 1);
  });
const cut = fc.tuple(valid, fc.nat()).map(([text, at]) => text.slice(0, at % (text.length + 1)));
const anyText = fc.oneof(
  { weight: 8, arbitrary: valid },
  changed,
  cut,
  fc.json(),
  fc.string({ unit: 'binary' }),
);

/** What an adapter may be asked for: one lane at a time, closed only when there is one, used only when it is open. */
class LaneModel {
  state: 'none' | 'opening' | 'open' = 'none';
  /** Numbers of the newest request and chat, for a relay that answers them. */
  request = 0;
  chat = 0;
  delivered = 0;
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
    sendControl: (sent) => {
      expect(this.state).toBe('open');
      expect(clientMessageSchema.safeParse(sent).error).toBeUndefined();
      if (sent.type === 'request') this.request = sent.id;
      if (sent.type === 'chat') this.chat = sent.id;
    },
    signLogin: () => {
      expect(this.state).toBe('open');
    },
  };
}

const happening = fc.oneof(
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('text'), text: anyText }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('enter'), welcome }) },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('answer'),
      what: fc.constantFrom('done', 'refuseRequest', 'takeChat', 'refuseChat', 'deliver', 'deliverAgain'),
    }),
  },
  fc.record({ kind: fc.constant('resume'), chatTaken: fc.nat(2), chatSeen: fc.nat(4) }),
  { weight: 2, arbitrary: fc.constant({ kind: 'opened' } as const) },
  fc.constant({ kind: 'signed' } as const),
  fc.record({
    kind: fc.constant('closed'),
    failure: fc.constantFrom('refused', 'closed', 'timeout', 'certificate'),
  }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait'), ms: fc.nat(40_000) }) },
  fc.record({ kind: fc.constant('join'), channel: fc.option(fc.nat(3)) }),
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('chat'), text: fc.oneof(anyName, fc.constant('hello')) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('request'), count: fc.nat(25) }) },
  fc.record({
    kind: fc.constant('list'),
    list: fc.nat(20),
    targets: fc.array(fc.nat(8), { maxLength: 3 }),
  }),
  fc.record({ kind: fc.constant('voicePath'), path: fc.constantFrom('udp', 'lane') }),
  fc.constant({ kind: 'key' } as const),
  fc.record({ kind: fc.constant('state'), muted: fc.boolean(), deafened: fc.boolean() }),
  fc.constant({ kind: 'leave' } as const),
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

/** The relay's half of a greeting, and the adapter's. */
function greet(model: LaneModel, answer: RelayMessage): void {
  const { session, out } = model;
  if (answer.type === 'welcome') model.delivered = answer.chatSeen;
  const { engine, nowMs } = session;
  const challenge: RelayMessage = { type: 'challenge', nonce: 'A'.repeat(43) };
  engine.handleLaneMessage(JSON.stringify(challenge), nowMs, out);
  engine.handleLoginSigned(recordedLogin, nowMs, out);
  engine.handleLaneMessage(JSON.stringify(answer), nowMs, out);
}

/** What a relay says that means well. */
function answerTo(model: LaneModel, what: Extract<Happening, { kind: 'answer' }>['what']): RelayMessage {
  const { request, chat } = model;
  const code = 'notAllowed';
  switch (what) {
    case 'done':
      return { type: 'done', id: request };
    case 'refuseRequest':
      return { type: 'refused', code, rule: null, request, chat: null };
    case 'takeChat':
      return { type: 'chatTaken', id: chat, message: 1, sentMs: 0 };
    case 'refuseChat':
      return { type: 'refused', code, rule: null, request: null, chat };
    case 'deliver':
      model.delivered += 1;
      return deliveryOf(model.delivered);
    case 'deliverAgain':
      return deliveryOf(Math.max(1, model.delivered));
  }
}

function deliveryOf(delivery: number): RelayMessage {
  const from = { identity: simIdentity(8), nickname: 'Ben' };
  const to = { kind: 'channel', channel: 1 } as const;
  return { type: 'chat', delivery, message: { id: delivery, from, to, text: 'hello', sentMs: 0 } };
}

function happen(model: LaneModel, step: Happening): void {
  const { session, out } = model;
  const { engine, nowMs } = session;
  switch (step.kind) {
    case 'text':
      engine.handleLaneMessage(step.text, nowMs, out);
      return;
    case 'answer':
      engine.handleLaneMessage(JSON.stringify(answerTo(model, step.what)), nowMs, out);
      return;
    case 'enter':
      greet(model, step.welcome);
      return;
    case 'resume': {
      const { token } = engine;
      if (token === null) return;
      happen(model, { kind: 'closed', failure: 'closed' });
      session.nowMs = Math.max(session.nowMs, engine.nextDeadlineMs() ?? 0);
      engine.handleDeadline(session.nowMs, out);
      happen(model, { kind: 'opened' });
      const { chatTaken, chatSeen } = step;
      greet(model, welcomeFor(token, { resumed: true, chatTaken, chatSeen }));
      return;
    }
    case 'opened':
      if (model.state === 'opening') model.state = 'open';
      if (model.state === 'open') engine.handleLaneOpened(nowMs, out);
      return;
    case 'signed':
      engine.handleLoginSigned(recordedLogin, nowMs, out);
      return;
    case 'closed':
      if (model.state === 'none') return;
      model.state = 'none';
      engine.handleLaneClosed(step.failure, nowMs, out);
      return;
    case 'wait':
      session.nowMs += step.ms;
      engine.handleDeadline(session.nowMs, out);
      return;
    case 'join':
      engine.joinChannel(step.channel, nowMs, out);
      return;
    case 'chat':
      engine.sendChat({ kind: 'channel', channel: 1 }, step.text, nowMs, out);
      return;
    case 'request':
      for (let count = 0; count < step.count; count += 1) engine.request({ kind: 'listBans' }, nowMs, out);
      return;
    case 'list':
      engine.setWhisperList(0x8000_0000 + step.list, step.targets, nowMs, out);
      return;
    case 'voicePath':
      engine.setVoicePath(step.path, nowMs, out);
      return;
    case 'key':
      engine.sendKey({ type: 'keyPackage', channel: 1, package: 'AAAA' }, nowMs, out);
      return;
    case 'state':
      engine.setState(step, nowMs, out);
      return;
    case 'leave':
      engine.handleLeave(nowMs, out);
  }
}

function expectSound(model: LaneModel): void {
  const { session } = model;
  const { engine } = session;
  expect(engine.members.length).toBeLessThanOrEqual(MAX_ROOM_MEMBERS);
  expect(engine.channels.length).toBeLessThanOrEqual(MAX_CHANNELS);
  expect(engine.waiting.chats).toBeLessThanOrEqual(MAX_CHAT_OUTBOX);
  expect(session.settledTwice).toBe(0);
  if (engine.phase !== 'idle') expect(engine.nextDeadlineMs()).not.toBeNull();
  else expect(engine.nextDeadlineMs() === null).toBe(engine.waiting.requests === 0);
  expect(engine.phase === 'idle' || engine.phase === 'waiting').toBe(model.state === 'none');
  const { counters, waiting } = engine;
  expect(counters.messages).toBe(
    counters.messagesAccepted + counters.messagesMalformed + counters.messagesUnexpected,
  );
  expect(counters.requestsMade).toBe(
    counters.requestsDone + counters.requestsRefused + counters.requestsFailed + waiting.requests,
  );
  expect(counters.chatsWritten).toBe(
    counters.chatsTaken + counters.chatsRefused + counters.chatsFailed + waiting.chats,
  );
  expect(counters.deliveries).toBe(
    counters.deliveriesShown + counters.deliveriesRepeated + counters.deliveriesOutOfOrder,
  );
}

/** What must have come about in some run: an attack that never gets anywhere proves nothing. */
const outcomes = [
  'resumes',
  'requestsDone',
  'requestsRefused',
  'requestsFailed',
  'chatsTaken',
  'chatsRefused',
  'chatsFailed',
  'deliveriesShown',
  'deliveriesRepeated',
  'deliveriesOutOfOrder',
  'keysSent',
] as const;

test('a session under attack never throws, stays bounded, and asks nothing impossible of its adapter', {
  timeout,
}, () => {
  const reached = new Map<string, number>();
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 160, size: 'max' }), (happenings) => {
      const model = new LaneModel();
      const { session, out } = model;
      const entrant = { nickname: 'Anna', identity: simIdentity(7) };
      session.engine.handleConnect(entrant, session.nowMs, out);
      happen(model, { kind: 'opened' });
      happen(model, { kind: 'enter', welcome: welcomeFor(2) });
      for (const step of happenings) {
        if (session.engine.phase === 'idle') session.engine.handleConnect(entrant, session.nowMs, out);
        happen(model, step);
        expectSound(model);
      }
      for (const name of outcomes)
        reached.set(name, (reached.get(name) ?? 0) + session.engine.counters[name]);
    }),
    { numRuns },
  );
  for (const name of outcomes)
    expect({ name, reached: (reached.get(name) ?? 0) > 0 }).toEqual({ name, reached: true });
});
