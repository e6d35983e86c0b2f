import type { ChatEvent } from '../../contract/chat.ts';
import type { Connection } from '../../contract/dto.ts';
import type { Outcome } from '../../contract/ipc.ts';
import { assert } from '../../core/base/assert.ts';
import { bytesToBase64Url } from '../../core/base/base64url.ts';
import { createRng } from '../../core/base/rng.ts';
import { memberFor, simChannels } from '../../core/sim/sim-room.ts';
import type { ClientMessage, RelayMessage, Request } from '../../core/wire/control.ts';
import { BUILT_IN_ROLES } from '../../core/wire/roles.ts';
import { App, type AppOptions } from './app.ts';
import { MemorySettings } from './memory-settings.ts';
import type { BookmarksPort, BookmarkValues, LaneRequest, PeoplePort, PersonValues } from './ports.ts';
import { ToyIdentity } from './toy-identity.ts';

type WelcomeMessage = Extract<RelayMessage, { type: 'welcome' }>;

export const CERTIFICATE = bytesToBase64Url(new Uint8Array(32).fill(0xcc));
export const OTHER_CERTIFICATE = bytesToBase64Url(new Uint8Array(32).fill(0xdd));
export const EXPORTER = new Uint8Array(32).fill(5);
export const NONCE = new Uint8Array(32).fill(9);

/** A bookmark store that lasts as long as a test. */
export class MemoryBookmarks implements BookmarksPort {
  readonly kept = new Map<number, BookmarkValues & { secret: string | null }>();
  #lastId = 0;

  list(): BookmarkValues[] {
    return Array.from(this.kept.values(), ({ secret: _, ...values }) => values);
  }

  save({ id, ...values }: Parameters<BookmarksPort['save']>[0], password: string | null | undefined): void {
    this.#lastId += 1;
    const known = id ?? this.#lastId;
    const secret = password === undefined ? (this.kept.get(known)?.secret ?? null) : password;
    this.kept.set(known, { ...values, id: known, hasPassword: secret !== null, secret });
  }

  remove(id: number): void {
    this.kept.delete(id);
  }

  password(id: number): string | null {
    return this.kept.get(id)?.secret ?? null;
  }
}

/** Relays and people that are known as long as a test lasts. */
export class MemoryPeople implements PeoplePort {
  readonly relays = new Map<string, string>();
  readonly persons = new Map<string, PersonValues>();
  /** The disk refuses. */
  failing = false;

  knownRelay(name: string): string | null {
    return this.relays.get(name) ?? null;
  }

  rememberRelay(name: string, sha256: string): void {
    if (this.failing) throw new Error('the disk is full');
    this.relays.set(name, sha256);
  }

  person(server: string, identity: string): PersonValues | null {
    return this.persons.get(`${server} ${identity}`) ?? null;
  }

  savePerson(server: string, identity: string, values: PersonValues): void {
    this.persons.set(`${server} ${identity}`, values);
  }
}

/** A control lane whose far end is the test. */
export interface TestLane {
  readonly request: LaneRequest;
  readonly sent: ClientMessage[];
  readonly datagrams: Uint8Array[];
  closed: boolean;
}

/** What a relay says that lets Ada in, where Bob is already. */
export function welcomeMessage(facts: Partial<WelcomeMessage> = {}): WelcomeMessage {
  return {
    type: 'welcome',
    token: 7,
    pathKey: 'A'.repeat(43),
    resumeSecret: 'A'.repeat(43),
    resumed: false,
    roomName: 'Room',
    channels: [...simChannels],
    members: [ada(), memberFor(8, { nickname: 'Bob' })],
    membersComplete: true,
    roles: [...BUILT_IN_ROLES],
    chatTaken: 0,
    chatSeen: 0,
    ...facts,
  };
}

/** Ourselves in the member list. */
export function ada(facts: Parameters<typeof memberFor>[1] = {}) {
  return memberFor(7, { identity: memberFor(1).identity, nickname: 'Ada', ...facts });
}

/** Lets everything come to its end that only waits for its turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

/** A program whose relay, devices and disk are played by the test. */
export class AppRig {
  readonly settings = new MemorySettings();
  readonly people = new MemoryPeople();
  readonly bookmarks = new MemoryBookmarks();
  readonly identity = new ToyIdentity();
  readonly lanes: TestLane[] = [];
  /** Orders to the sound threads, in order. */
  readonly orders: string[] = [];
  readonly chats: ChatEvent[] = [];
  readonly links: string[] = [];
  readonly app: App;
  #random = 0;

  constructor(options: Partial<AppOptions> = {}) {
    const note =
      (name: string) =>
      (...values: unknown[]): void => {
        const words = values.map((value) =>
          value instanceof Object ? JSON.stringify(value) : String(value),
        );
        this.orders.push([name, ...words].join(' '));
      };
    this.app = new App({
      version: '0',
      shell: 'browser',
      debug: false,
      defaultNickname: 'user',
      rng: createRng(1),
      settings: this.settings,
      people: this.people,
      bookmarks: this.bookmarks,
      identity: () => this.identity,
      randomBytes: (count) => {
        this.#random += 1;
        return new Uint8Array(count).fill(this.#random);
      },
      wallMs: () => 1_000,
      openLink: (url) => this.links.push(url),
      voice: {
        setActivation: note('activation'),
        setPushToTalk: note('held'),
        setMuted: note('muted'),
        setInRoom: note('inRoom'),
        setSelfTest: note('selfTest'),
        setCodec: note('codec'),
        setRedundancy: note('redundancy'),
        setProcessing: note('processing'),
        setTalkTiming: note('talkTiming'),
        setChaos: note('chaos'),
        startTrace: note('startTrace'),
        stopTrace: note('stopTrace'),
        replayTrace: note('replayTrace'),
        setTaps: (memories) => this.orders.push(`taps ${memories === null ? 'off' : 'on'}`),
        setReportInterval: note('reportInterval'),
        setDeafened: note('deafened'),
        setVolume: note('volume'),
        setMemberMuted: note('memberMuted'),
        forget: note('forget'),
        connect: (address, port, token) => this.orders.push(`connect ${address} ${port} ${token}`),
        disconnect: note('disconnect'),
        setEpoch: (keyId, own) => this.orders.push(`epoch ${keyId} ${own === null ? 'silent' : 'speaking'}`),
        setWhisper: note('whisper'),
        setWhisperTarget: (slot, target) => this.orders.push(`whisperTarget ${slot} ${target}`),
        setWhisperKey: (from, target) => this.orders.push(`whisperKey ${from} ${target}`),
        handleLaneDatagram: note('laneDatagram'),
      },
      openLane: (request) => this.#openLane(request),
      startHosting: async () => ({ ok: false, sentence: 'No room here.' }),
      ...options,
    });
    this.app.onChatChanged((event) => this.chats.push(event));
  }

  get lane(): TestLane {
    const lane = this.lanes.at(-1);
    assert(lane !== undefined, 'a lane was opened');
    return lane;
  }

  get refused(): Record<string, number> {
    return this.app.getStats().refused ?? {};
  }

  get notices(): string[] {
    return this.app.getState().notices.map(({ text }) => text);
  }

  get connected(): Extract<Connection, { phase: 'connected' }> {
    const { connection } = this.app.getState();
    assert(connection.phase === 'connected', `connected, not ${connection.phase}`);
    return connection;
  }

  /** Begins to enter a room; the lane is open to the test when it returns. */
  async begin(
    target = 'room.example',
    password: string | null = null,
  ): Promise<{ answer: Promise<Outcome> }> {
    const answer = this.app.handlers.join({ target, nickname: 'Ada', password });
    await settle();
    return { answer };
  }

  /** Plays the relay's part of a greeting on the newest lane. */
  async greet(welcome: WelcomeMessage = welcomeMessage()): Promise<void> {
    const { request } = this.lane;
    assert(request.acceptCertificate(CERTIFICATE), 'the certificate is accepted');
    request.onDidOpen({ remoteAddress: '192.0.2.1', exporter: EXPORTER });
    await this.say({ type: 'challenge', nonce: bytesToBase64Url(NONCE) });
    await this.say(welcome);
  }

  /** Lets the program into a room. */
  async enter(welcome?: WelcomeMessage, target?: string, password?: string): Promise<void> {
    const { answer } = await this.begin(target, password);
    await this.greet(welcome);
    const outcome = await answer;
    assert(outcome.ok, 'the relay let us in');
  }

  async say(message: RelayMessage): Promise<void> {
    this.lane.request.onMessage(JSON.stringify(message));
    await settle();
  }

  /** Takes messages of one type from what was sent over the newest lane. */
  take<Type extends ClientMessage['type']>(type: Type): Extract<ClientMessage, { type: Type }>[] {
    const isWanted = (message: ClientMessage): message is Extract<ClientMessage, { type: Type }> =>
      message.type === type;
    const taken = this.lane.sent.filter(isWanted);
    const left = this.lane.sent.filter((message) => !isWanted(message));
    this.lane.sent.splice(0, this.lane.sent.length, ...left);
    return taken;
  }

  /** The one request that waits for an answer. */
  takeRequest(): { readonly id: number; readonly request: Request } {
    const [only, ...more] = this.take('request');
    assert(only !== undefined && more.length === 0, `one request, not ${more.length + (only ? 1 : 0)}`);
    return only;
  }

  #openLane(request: LaneRequest) {
    const lane: TestLane = { request, sent: [], datagrams: [], closed: false };
    this.lanes.push(lane);
    return {
      send: (text: string) => {
        lane.sent.push(JSON.parse(text) as ClientMessage);
      },
      sendDatagram: (bytes: Uint8Array) => {
        lane.datagrams.push(bytes);
      },
      close: () => {
        lane.closed = true;
      },
    };
  }
}
