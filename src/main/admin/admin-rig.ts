import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type BotsRequest, type BotsState, type Grant, IDLE_BOTS } from '../../contract/admin.ts';
import type {
  AdminActor,
  AdminCommand,
  AdminNews,
  AdminOutcome,
  AdminView,
  AuditRow,
  RelayAdmin,
  RelayFigures,
} from '../../core/relay/admin-port.ts';
import type { PasswordVerdict } from '../../core/relay/relay-engine.ts';
import type { Ban } from '../../core/wire/control.ts';
import { BUILT_IN_ROLES } from '../../core/wire/roles.ts';
import type { AccountHasher } from './account-desk.ts';
import type { AdminOptions, RunningAdmin } from './admin-options.ts';
import { startAdminWith } from './admin-server.ts';
import type { BotsOutcome, BotsPort } from './bots-port.ts';
import {
  type ChannelListening,
  type ListeningChange,
  type ListeningOutcome,
  type ListeningPort,
  NO_LISTENING,
} from './listening-port.ts';

/** An identity, and a key for whispers, as relays have them: 32 bytes in base64url. */
export const SOME_IDENTITY = 'A'.repeat(43);

export const SOME_CONFIG = {
  bitrate: 48_000,
  frameSamples: 960 as const,
  redundancyCopies: 2,
  maxMembers: 50,
  listeners: false,
  enterRole: 1,
  speakRole: 1,
  whisperRole: 1,
  manageRole: 3,
  historyDays: 0,
};

export const SOME_VIEW: AdminView = {
  roomName: 'The cellar',
  maxMembers: 50,
  channels: [{ id: 1, parent: null, name: 'Lobby', locked: false, config: SOME_CONFIG }],
  members: [
    {
      token: 7,
      identity: SOME_IDENTITY,
      nickname: 'Ada',
      channel: 1,
      role: 1,
      muted: false,
      deafened: false,
      mutedForAll: false,
      reconnecting: false,
      whisperKey: { key: SOME_IDENTITY, signature: 'A'.repeat(86) },
      bot: false,
      listeners: false,
    },
  ],
  roles: [...BUILT_IN_ROLES, { id: 16, name: 'Regular', rank: 10, permissions: [] }],
};

/** A relay that answers what a test tells it, and remembers what it was asked. */
export class ScriptedRelay implements RelayAdmin {
  shown: AdminView = SOME_VIEW;
  outcome: AdminOutcome = { ok: true, channel: null };
  banList: readonly Ban[] = [];
  figuresNow: RelayFigures = {
    atMs: 1_000,
    voiceSocket: 'dgram',
    counters: { members: 1, received: 10, receivedByLane: 3, forwardedOut: 8, forwardedOutByLane: 2 },
    cpuMs: 100,
    heapBytes: 5_000_000,
  };
  /** `gone`: every question fails. `silent`: none is answered. */
  mood: 'well' | 'gone' | 'silent' = 'well';
  readonly commands: { actor: AdminActor; command: AdminCommand }[] = [];
  readonly audited: AuditRow[] = [];
  readonly #watchers = new Set<(news: AdminNews) => void>();

  get watchers(): number {
    return this.#watchers.size;
  }

  tell(news: AdminNews): void {
    for (const watcher of this.#watchers) watcher(news);
  }

  command(actor: AdminActor, command: AdminCommand): Promise<AdminOutcome> {
    this.commands.push({ actor, command });
    return this.#answer(this.outcome);
  }

  view(): Promise<AdminView> {
    return this.#answer(this.shown);
  }

  bans(): Promise<readonly Ban[]> {
    return this.#answer(this.banList);
  }

  audit(before: number | null, count: number): Promise<readonly AuditRow[]> {
    const older = this.audited.filter(({ id }) => before === null || id < before);
    return this.#answer(older.reverse().slice(0, count));
  }

  writeAudit(by: string, action: string, subject: string, reason: string): Promise<void> {
    if (this.mood === 'well')
      this.audited.push({ id: this.audited.length + 1, atMs: 1, by, action, subject, reason });
    return this.#answer(undefined);
  }

  figures(): Promise<RelayFigures> {
    return this.#answer(this.figuresNow);
  }

  watch(onNews: (news: AdminNews) => void): () => void {
    this.#watchers.add(onNews);
    return () => this.#watchers.delete(onNews);
  }

  #answer<T>(value: T): Promise<T> {
    if (this.mood === 'gone') return Promise.reject(new Error('the relay is gone'));
    if (this.mood === 'silent') return new Promise(() => {});
    return Promise.resolve(value);
  }
}

export class ScriptedBots implements BotsPort {
  outcome: BotsOutcome = { ok: true };
  shown: BotsState = IDLE_BOTS;
  readonly started: { request: BotsRequest; actor: AdminActor }[] = [];
  stopped = 0;
  readonly #listeners = new Set<(state: BotsState) => void>();

  tell(state: BotsState): void {
    this.shown = state;
    for (const listener of this.#listeners) listener(state);
  }

  start(request: BotsRequest, actor: AdminActor): Promise<BotsOutcome> {
    this.started.push({ request, actor });
    return Promise.resolve(this.outcome);
  }

  stop(): Promise<void> {
    this.stopped += 1;
    return Promise.resolve();
  }

  state(): BotsState {
    return this.shown;
  }

  onState(listener: (state: BotsState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Says that all channels are open, and remembers what it was asked. */
export class ScriptedListening implements ListeningPort {
  shown: ChannelListening = {
    ...NO_LISTENING,
    publish: true,
    publishKey: 'K'.repeat(22),
    links: {
      page: 'http://localhost/listen/lobby?key=L',
      ogg: 'http://localhost/stream/lobby.ogg?key=L',
      rtsp: null,
      whep: 'http://localhost/whep/lobby?key=L',
      websocket: 'ws://localhost/ws?key=L',
      publish: 'https://source:K@localhost/publish/lobby',
      icecast: 'icecast://source:K@localhost/publish/lobby',
      whip: 'https://localhost/whip/lobby?key=K',
    },
    sentence: null,
  };
  outcome: ListeningOutcome = { ok: true };
  readonly asked: { what: 'save' | 'link' | 'publishKey'; channel: number; change?: ListeningChange }[] = [];
  status: ListeningPort['status'] = 'open';
  readonly counted: Record<string, number> = {};
  readonly #listeners = new Set<() => void>();

  tell(): void {
    for (const listener of this.#listeners) listener();
  }

  describe(): ChannelListening {
    return this.shown;
  }

  save(channel: number, change: ListeningChange): ListeningOutcome {
    this.asked.push({ what: 'save', channel, change });
    return this.outcome;
  }

  renewLink(channel: number): ListeningOutcome {
    this.asked.push({ what: 'link', channel });
    return this.outcome;
  }

  renewPublishKey(channel: number): ListeningOutcome {
    this.asked.push({ what: 'publishKey', channel });
    return this.outcome;
  }

  counters(): Readonly<Record<string, number>> {
    return this.counted;
  }

  onDidChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** A hasher that takes no time, and no secret. */
export class ToyHasher implements AccountHasher {
  /** `full`: too many wait already. */
  mood: 'well' | 'full' = 'well';
  readonly counters = { hashed: 0, compared: 0 };

  hash(password: string): Promise<string | null> {
    if (this.mood === 'full') return Promise.resolve(null);
    this.counters.hashed += 1;
    return Promise.resolve(`$argon2id$toy$${Buffer.from(password).toString('base64url')}`.slice(0, 256));
  }

  compare(password: string, hashed: string): Promise<PasswordVerdict> {
    if (this.mood === 'full') return Promise.resolve('overflow');
    this.counters.compared += 1;
    const right = hashed === `$argon2id$toy$${Buffer.from(password).toString('base64url')}`;
    return Promise.resolve(right ? 'right' : 'wrong');
  }
}

/** Clocks that a test turns. */
export interface Clock {
  wallMs: number;
  nowMs: number;
}

/** A running admin server with its scripted surroundings. */
export interface AdminRig {
  readonly admin: RunningAdmin;
  readonly relay: ScriptedRelay;
  readonly bots: ScriptedBots;
  readonly listening: ScriptedListening;
  readonly hasher: ToyHasher;
  readonly clock: Clock;
  readonly folder: string;
  readonly logged: { event: string; fields: Readonly<Record<string, unknown>> }[];
  /** Asks in JSON; `token` null: without one. */
  ask(
    method: string,
    path: string,
    token: string | null,
    body?: unknown,
    more?: Record<string, string>,
  ): Promise<Answer>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

export const SOME_PASSWORD = 'correct horse battery';

export const ADMIN_MIGRATIONS = resolve(import.meta.dirname, '../../../resources/migrations/admin');

/** The pages of a build, as small as can be. */
export function writePages(folder: string): string {
  const pages = join(folder, 'renderer');
  mkdirSync(join(pages, 'assets'), { recursive: true });
  writeFileSync(join(pages, 'admin.html'), '<!doctype html><title>Sidetone administration</title>');
  writeFileSync(join(pages, 'index.html'), '<!doctype html><title>Sidetone</title>');
  writeFileSync(join(pages, 'assets', 'admin-a1.js'), 'export const room = 1;');
  return pages;
}

export async function openAdmin(
  changes: Partial<AdminOptions> = {},
  kept: { folder?: string; relay?: ScriptedRelay } = {},
): Promise<AdminRig> {
  const folder = kept.folder ?? mkdtempSync(join(tmpdir(), 'sidetone-admin-'));
  const relay = kept.relay ?? new ScriptedRelay();
  const bots = new ScriptedBots();
  const listening = new ScriptedListening();
  const clock: Clock = { wallMs: 1_900_000_000_000, nowMs: 1_000_000 };
  const logged: { event: string; fields: Readonly<Record<string, unknown>> }[] = [];
  const hasher = new ToyHasher();
  const options: AdminOptions = {
    relay,
    bots,
    listening,
    folder,
    migrationsFolder: ADMIN_MIGRATIONS,
    rendererPath: writePages(folder),
    host: '127.0.0.1',
    port: 0,
    tls: null,
    publicHosts: [],
    behindProxy: false,
    proxyAddresses: [],
    metricsToken: null,
    log: (event, fields) => logged.push({ event, fields }),
    wallMs: () => clock.wallMs,
    nowMs: () => clock.nowMs,
    ...changes,
  };
  const started = await startAdminWith(options, hasher);
  if (!started.ok) {
    if (kept.folder === undefined) rmSync(folder, { recursive: true });
    throw new Error(started.sentence);
  }
  const { admin } = started;
  return {
    admin,
    relay,
    bots,
    listening,
    hasher,
    clock,
    folder,
    logged,
    async ask(method, path, token, body, more = {}): Promise<Answer> {
      const headers: Record<string, string> = { ...more };
      if (token !== null) headers.Authorization = `Bearer ${token}`;
      if (body !== undefined) headers['Content-Type'] = 'application/json';
      const response = await fetch(`http://127.0.0.1:${admin.port}${path}`, {
        method,
        headers,
        redirect: 'manual',
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      const json = response.headers.get('content-type')?.startsWith('application/json') ?? false;
      return {
        status: response.status,
        headers: response.headers,
        body: json && text !== '' ? JSON.parse(text) : text,
      };
    },
    async close(): Promise<void> {
      await admin.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Makes the first account, `root`, and gives its grant. */
export async function setUp(rig: AdminRig): Promise<Grant> {
  const answer = await rig.ask('POST', '/api/setup', null, {
    code: rig.admin.setupCode,
    name: 'root',
    password: SOME_PASSWORD,
  });
  if (answer.status !== 200) throw new Error(`no first account: ${JSON.stringify(answer.body)}`);
  return answer.body as Grant;
}

/** Makes an account of that role, and logs it in. */
export async function addAccount(rig: AdminRig, by: string, name: string, role: number): Promise<Grant> {
  await rig.ask('PUT', '/api/accounts', by, { name, role, password: SOME_PASSWORD });
  const answer = await rig.ask('POST', '/api/login', null, { name, password: SOME_PASSWORD });
  if (answer.status !== 200) throw new Error(`no login: ${JSON.stringify(answer.body)}`);
  return answer.body as Grant;
}

/** Whether a token is taken. */
export async function works(rig: AdminRig, token: string): Promise<boolean> {
  return (await rig.ask('GET', '/api/room', token)).status === 200;
}

export function logIn(rig: AdminRig, name: string, password: string): Promise<Answer> {
  return rig.ask('POST', '/api/login', null, { name, password });
}

/** Whether the tries of logins, or of codes, are all accounted for. */
export function triesBalance(rig: AdminRig, kind: 'login' | 'code'): boolean {
  const counters = rig.admin.counters();
  const of = (name: string): number => counters[`${kind}.${name}`] ?? Number.NaN;
  const ends = ['Right', 'Wrong', 'Busy', 'LimitedByAddress', 'LimitedByName', 'LimitedInAll', 'UnderWay'];
  return of('tries') === ends.reduce((sum, end) => sum + of(`tries${end}`), 0);
}
