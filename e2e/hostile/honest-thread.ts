import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../src/core/base/assert.ts';
import type { OpenLane } from '../../src/main/app/ports.ts';
import { ControlLane } from '../../src/main/control/control-lane.ts';
import { waitFor } from '../rig/child.ts';
import { HeadlessMember } from '../rig/member/headless-member.ts';
import { Hearing } from './hearing.ts';
import type {
  HonestCommand,
  HonestData,
  HonestEvent,
  HonestMember,
  HonestReport,
  NewcomerReport,
} from './honest-protocol.ts';
import { numberedPayload, readPayload } from './payload.ts';

/** 20 ms packets, as voice has them. */
const PACKETS_PER_SECOND = 50;

const TICK_MS = 10;

/** What was said last is given this long to arrive, in ms, before it counts as lost. */
const STRAGGLER_MS = 400;

/** Pause before a newcomer who was turned away presses the button again, in ms. */
const TRY_AGAIN_MS = 500;

/** Longest time until the first honest members hear each other, in ms. */
const MAX_JOIN_MS = 20_000;

assert(parentPort !== null, 'the honest run in a worker thread');
const port = parentPort;
const data = workerData as HonestData;

function send(event: HonestEvent): void {
  port.postMessage(event);
}

/** One honest member: talks all the time, and keeps account of whom it hears. */
class Person {
  readonly number: number;
  readonly member: HeadlessMember;
  readonly hearing = new Hearing();
  /** Number of its next packet. */
  next = 0;
  readonly heardEver = new Set<number>();
  chats = 0;
  chatsWrong = 0;
  keyChanges = 0;
  readonly #newestChat = new Map<string, number>();

  constructor(number: number, nickname: string, roundTripMs = 0) {
    this.number = number;
    this.member = new HeadlessMember({
      nickname,
      ...(roundTripMs === 0 ? {} : { openLane: slowLane(roundTripMs) }),
      onDidChangeKey: () => {
        this.keyChanges += 1;
      },
      onHeard: (from, _target, payload) => this.#hear(from, payload),
      onChat: ({ target, entry }) => {
        if (!entry.own) this.#readChat(JSON.stringify(target), entry.order);
      },
    });
  }

  speak(): void {
    this.member.voice.speak(numberedPayload(this.number, this.next));
    this.next += 1;
  }

  #hear(from: number, payload: Uint8Array): void {
    const read = readPayload(payload);
    const speaker = read === null ? undefined : people.get(read.speaker);
    // Sealing names the sender: what claims another speaker than its token's was altered.
    if (read !== null && speaker !== undefined && speaker.member.token === from) {
      this.heardEver.add(read.speaker);
      this.hearing.add(read.speaker, read.number, performance.now());
    } else {
      this.hearing.addOther(from, read?.number ?? null);
    }
  }

  #readChat(conversation: string, order: number): void {
    this.chats += 1;
    if (order <= (this.#newestChat.get(conversation) ?? 0)) this.chatsWrong += 1;
    this.#newestChat.set(conversation, order);
  }
}

const people = new Map<number, Person>();
const crowd = data.nicknames.map((nickname, at) => addPerson(at + 1, nickname));
let lastNumber = crowd.length;
let ownDelayMs = 0;
let window: { readonly startMs: number; readonly from: ReadonlyMap<number, number> } | null = null;
let before = new Map<string, number>();

function addPerson(number: number, nickname: string): Person {
  const person = new Person(number, nickname);
  people.set(number, person);
  return person;
}

/** Everybody says what is due: the thread may be late, the packets are as many as they should be. */
let spoken = 0;
const startMs = performance.now();
let lastTickMs = startMs;
setInterval(() => {
  const nowMs = performance.now();
  ownDelayMs = Math.max(ownDelayMs, nowMs - lastTickMs - TICK_MS);
  lastTickMs = nowMs;
  const due = Math.floor(((nowMs - startMs) * PACKETS_PER_SECOND) / 1_000);
  for (; spoken < due; spoken += 1) for (const person of people.values()) person.speak();
}, TICK_MS);

async function join(): Promise<HonestMember[]> {
  for (const { member } of crowd) {
    const outcome = await member.join(data);
    if (!outcome.ok) throw new Error(outcome.sentence);
  }
  await waitFor('the honest to hear each other', MAX_JOIN_MS, () =>
    crowd.every((person) => person.heardEver.size === crowd.length - 1) ? true : null,
  );
  return crowd.map(({ member }) => ({
    nickname: member.nickname,
    token: member.token ?? 0,
    identity: member.identity.publicKey,
  }));
}

/** What the honest counted since they are there, summed up. */
function sums(): Map<string, number> {
  const total = new Map<string, number>();
  const add = (name: string, value: number): void => void total.set(name, (total.get(name) ?? 0) + value);
  for (const person of crowd) {
    for (const [name, value] of Object.entries(person.member.voice.openerCounters))
      add(`opener ${name}`, value);
    add('chats', person.chats);
    add('chatsWrong', person.chatsWrong);
    add('keyChanges', person.keyChanges);
    add('notices', person.member.notices.length);
    add('byLane', person.member.voice.linkCounters['lane']?.['sent'] ?? 0);
  }
  return total;
}

function begin(): void {
  ownDelayMs = 0;
  before = sums();
  const nowMs = performance.now();
  for (const person of crowd) person.hearing.begin(nowMs);
  window = { startMs: nowMs, from: new Map(crowd.map(({ number, next }) => [number, next])) };
}

async function end(): Promise<HonestReport> {
  if (window === null) throw new Error('nothing was begun');
  const { startMs: fromMs, from } = window;
  const until = new Map(crowd.map(({ number, next }) => [number, next]));
  const nowMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, STRAGGLER_MS));
  const now = sums();
  const grown = (name: string): number => (now.get(name) ?? 0) - (before.get(name) ?? 0);
  // All honest members go through the same epochs; one may have one change more than another at the edges.
  const keyChanges = Math.ceil(grown('keyChanges') / crowd.length);
  let [expected, heard, worstLossPercent, longestGapMs] = [0, 0, 0, 0];
  for (const listener of crowd) {
    for (const speaker of crowd) {
      if (speaker === listener) continue;
      const first = from.get(speaker.number) ?? 0;
      const end = until.get(speaker.number) ?? 0;
      const got = listener.hearing.countBetween(speaker.number, first, end);
      expected += end - first;
      heard += got;
      const [spokenHere, lost] = [Math.max(1, end - first), end - first - got];
      worstLossPercent = Math.max(worstLossPercent, (100 * lost) / spokenHere);
      longestGapMs = Math.max(longestGapMs, listener.hearing.longestGapMs(speaker.number, nowMs));
    }
  }
  const opener: Record<string, number> = {};
  for (const name of now.keys()) if (name.startsWith('opener ')) opener[name.slice(7)] = grown(name);
  const fromOthers: Record<string, number> = {};
  for (const { hearing } of crowd) {
    for (const [token, { size }] of hearing.others) fromOthers[token] = (fromOthers[token] ?? 0) + size;
  }
  return {
    seconds: (nowMs - fromMs) / 1_000,
    expected,
    heard,
    worstLossPercent,
    keyChanges,
    longestGapMs,
    twice: crowd.reduce((sum, { hearing }) => sum + hearing.twice, 0),
    altered: crowd.reduce((sum, { hearing }) => sum + hearing.altered, 0),
    fromOthers,
    opener,
    byLane: grown('byLane'),
    ownDelayMs,
    chats: grown('chats'),
    chatsWrong: grown('chatsWrong'),
    notices: crowd.flatMap(({ member }) => member.notices).slice(before.get('notices') ?? 0),
    allConnected: crowd.every(({ member }) => member.room.call.connected),
  };
}

const newcomers = new Map<string, Person>();

/** A lane whose messages take their time, either way. */
function slowLane(roundTripMs: number): OpenLane {
  return (request) => {
    const lane = new ControlLane({
      ...request,
      onMessage: (text) => void setTimeout(() => request.onMessage(text), roundTripMs / 2),
    });
    return {
      send: (text) => void setTimeout(() => lane.send(text), roundTripMs / 2),
      sendDatagram: (bytes) => lane.sendDatagram(bytes),
      close: () => lane.close(),
    };
  };
}

async function letIn({
  nickname,
  password,
  maxMs,
  roundTripMs,
}: Extract<HonestCommand, { kind: 'newcomer' }>): Promise<NewcomerReport> {
  lastNumber += 1;
  const fromMs = performance.now();
  const person = new Person(lastNumber, nickname, roundTripMs);
  newcomers.set(nickname, person);
  let tries = 0;
  let sentence = '';
  for (;;) {
    tries += 1;
    const outcome = await person.member.join(data, password);
    if (outcome.ok) break;
    sentence = outcome.sentence;
    if (performance.now() - fromMs + TRY_AGAIN_MS > maxMs)
      return { joinedMs: null, hearsAllMs: null, sentence, tries };
    await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
  }
  const joinedMs = performance.now() - fromMs;
  people.set(person.number, person);
  const hears = await waitFor('the newcomer to hear all', Math.max(1_000, maxMs - joinedMs), () =>
    person.heardEver.size >= crowd.length && crowd.every(({ heardEver }) => heardEver.has(person.number))
      ? performance.now() - fromMs
      : null,
  ).catch(() => null);
  return { joinedMs, hearsAllMs: hears, sentence, tries };
}

function farewell(nickname: string): void {
  const person = newcomers.get(nickname);
  if (person === undefined) return;
  newcomers.delete(nickname);
  people.delete(person.number);
  person.member.leave();
}

async function obey(command: HonestCommand): Promise<HonestEvent> {
  const { id } = command;
  switch (command.kind) {
    case 'join':
      return { id, kind: 'joined', members: await join() };
    case 'begin':
      begin();
      return { id, kind: 'begun' };
    case 'end':
      return { id, kind: 'report', report: await end() };
    case 'newcomer': {
      return { id, kind: 'newcomer', report: await letIn(command) };
    }
    case 'farewell':
      farewell(command.nickname);
      return { id, kind: 'gone' };
  }
}

port.on('message', (command: HonestCommand) => {
  obey(command).then(send, (error: unknown) =>
    send({
      id: command.id,
      kind: 'failed',
      sentence: error instanceof Error ? error.message : String(error),
    }),
  );
});
