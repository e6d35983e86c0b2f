import {
  type Account,
  type AdminBan,
  type AdminEvent,
  type AdminMember,
  type AdminRoom,
  type AuditLine,
  assignRoleRequestSchema,
  type BotsRequest,
  type BotsState,
  banRequestSchema,
  botsRequestSchema,
  changeChannelSchema,
  createChannelSchema,
  IDLE_BOTS,
  kickRequestSchema,
  loginRequestSchema,
  MAX_AUDIT_PAGE,
  moveRequestSchema,
  muteRequestSchema,
  redeemRequestSchema,
  roomConfigSchema,
  saveAccountSchema,
  saveRoleSchema,
  setupRequestSchema,
} from '../../../contract/admin.ts';
import { DONE, type FakeAnswer, type FakeRequest, refuse, withBody } from './fake-answers.ts';
import { fakeBotsState, fakeTraffic } from './fake-figures.ts';
import { FakeListening } from './fake-listening.ts';
import {
  FAKE_CODE,
  FAKE_EPOCH_MS,
  fakeAccounts,
  fakeAudit,
  fakeBans,
  fakeMember,
  fakeRoom,
} from './fake-room.ts';

/** What a made-up relay begins with. */
export interface FakeOptions {
  /** The first account has still to be made. */
  readonly setup?: boolean;
  readonly room?: AdminRoom;
  readonly bans?: readonly AdminBan[];
  readonly auditLines?: number;
  /** How long a login holds. */
  readonly sessionMs?: number;
  readonly nowMs?: () => number;
}

const DAY_MS = 86_400_000;

/** How often a made-up relay says that somebody came to listen, in its seconds. */
const LISTENING_SECONDS = 5;

/** Those who stand in channels for listeners have tokens from here on. */
const LISTENERS_TOKEN = 90_000;

const unknown = refuse(404, 'notFound', 'There is nothing at that address.');

/**
 * A relay's administration that is made up: it speaks the contract and keeps a room in memory, so that the dashboard
 * can be looked at and tested without a relay. It judges nobody but by their password.
 */
export class FakeRelay {
  room: AdminRoom;
  bots: BotsState = IDLE_BOTS;
  private readonly options: FakeOptions;
  private readonly watchers = new Set<(event: AdminEvent) => void>();
  private accounts: (Account & { readonly password: string })[];
  private bans: AdminBan[];
  private audit: AuditLine[];
  private readonly listening = new FakeListening({
    channels: () => this.room.channels,
    setListeners: (channel, listeners) => this.setListeners(channel, listeners),
    changed: (action, channel) => {
      this.note(action, String(channel));
      this.tell({ type: 'listening' });
    },
  });
  private readonly tokens = new Map<string, { readonly account: string; readonly expiresMs: number }>();
  private test: { readonly request: BotsRequest; readonly begun: number } | null = null;
  private second = 0;
  private made = 1_000;

  constructor(options: FakeOptions = {}) {
    this.options = options;
    this.room = options.room ?? fakeRoom();
    this.accounts = options.setup === true ? [] : [...fakeAccounts];
    this.bans = [...(options.bans ?? fakeBans)];
    this.audit = fakeAudit(options.auditLines ?? 120);
  }

  /** Tells everything that happens from now on, the whole room first. @returns ends it */
  watch(watcher: (event: AdminEvent) => void): () => void {
    this.watchers.add(watcher);
    watcher({ type: 'room', room: this.room });
    return () => {
      this.watchers.delete(watcher);
    };
  }

  /** A second goes by. */
  tick(): void {
    this.second += 1;
    const traffic = fakeTraffic(this.second, this.nowMs(), this.room.members.length);
    this.tell({ type: 'traffic', traffic });
    this.listening.tick();
    if (this.second % LISTENING_SECONDS === 0) this.tell({ type: 'listening' });
    if (this.test !== null) this.tellTest(false);
  }

  /** Somebody comes, or changes. */
  putMember(member: AdminMember): void {
    const others = this.room.members.filter((one) => one.token !== member.token);
    this.room = { ...this.room, members: [...others, member] };
    this.tell({ type: 'member', member });
  }

  /** Somebody goes. */
  dropMember(token: number): void {
    this.room = { ...this.room, members: this.room.members.filter((one) => one.token !== token) };
    this.tell({ type: 'memberLeft', token });
  }

  /** Ends every login. */
  endLogins(): void {
    this.tokens.clear();
  }

  /** Whether a token is good now. */
  holds(token: string | null): boolean {
    const login = token === null ? undefined : this.tokens.get(token);
    return login !== undefined && login.expiresMs > this.nowMs();
  }

  /** Carries one request out. */
  handle(request: FakeRequest): FakeAnswer {
    const { method, path } = request;
    const entrance = this.enter(`${method} ${path}`, request.body);
    if (entrance !== null) return entrance;
    if (!this.holds(request.token)) return refuse(401, 'notLoggedIn', 'Log in first.');
    return (
      this.read(`${method} ${path}`, request.query) ??
      this.moderate(`${method} ${path}`, request) ??
      this.listening.handle(request) ??
      this.arrange(method, path, request.body) ??
      unknown
    );
  }

  private nowMs(): number {
    return this.options.nowMs?.() ?? Date.now();
  }

  private tell(event: AdminEvent): void {
    for (const watcher of this.watchers) watcher(event);
  }

  private note(action: string, subject: string, reason = ''): void {
    const id = (this.audit[0]?.id ?? 0) + 1;
    this.audit = [
      { id, atMs: FAKE_EPOCH_MS + id * 1_000, by: 'account:ada', action, subject, reason },
      ...this.audit,
    ];
    this.tell({ type: 'audit' });
  }

  private grant(name: string): FakeAnswer {
    const account = this.accounts.find((one) => one.name === name);
    if (account === undefined) return unknown;
    this.made += 1;
    const token = `token-${this.made}`;
    const expiresMs = this.nowMs() + (this.options.sessionMs ?? DAY_MS);
    this.tokens.set(token, { account: name, expiresMs });
    const { password: _, ...shown } = account;
    return { status: 200, body: { token, expiresMs, account: shown } };
  }

  private enter(asked: string, body: unknown): FakeAnswer | null {
    switch (asked) {
      case 'GET /api/setup':
        return { status: 200, body: { needed: this.accounts.length === 0 } };
      case 'POST /api/setup':
        return withBody(setupRequestSchema, body, ({ code, name, password }) => {
          if (code !== FAKE_CODE) return refuse(403, 'wrongCode', 'That is not the code the relay shows.');
          this.accounts = [{ name, role: 3, createdMs: FAKE_EPOCH_MS, password }];
          return this.grant(name);
        });
      case 'POST /api/login':
        return withBody(loginRequestSchema, body, ({ name, password }) => {
          const account = this.accounts.find((one) => one.name === name && one.password === password);
          if (account === undefined)
            return refuse(401, 'wrongLogin', 'That name and that password do not belong together.');
          return this.grant(name);
        });
      case 'POST /api/redeem':
        return withBody(redeemRequestSchema, body, ({ code }) =>
          code === FAKE_CODE
            ? this.grant(this.accounts[0]?.name ?? '')
            : refuse(401, 'wrongCode', 'That link was used already, or is too old.'),
        );
      default:
        return null;
    }
  }

  private read(asked: string, query: URLSearchParams): FakeAnswer | null {
    switch (asked) {
      case 'GET /api/accounts':
        return { status: 200, body: this.accounts.map(({ password: _, ...shown }) => shown) };
      case 'GET /api/bans':
        return { status: 200, body: this.bans };
      case 'GET /api/bots':
        return { status: 200, body: this.bots };
      case 'GET /api/audit': {
        const before = Number(query.get('before') ?? Number.MAX_SAFE_INTEGER);
        const count = Number(query.get('count') ?? MAX_AUDIT_PAGE);
        return { status: 200, body: this.audit.filter((line) => line.id < before).slice(0, count) };
      }
      default:
        return null;
    }
  }

  private withMember(token: number, use: (member: AdminMember) => void): FakeAnswer {
    const member = this.room.members.find((one) => one.token === token);
    if (member === undefined) return refuse(404, 'unknownMember', 'They are not in the room any more.');
    use(member);
    return DONE;
  }

  private moderate(asked: string, { body, token }: FakeRequest): FakeAnswer | null {
    switch (asked) {
      case 'POST /api/renew':
        return this.grant(this.tokens.get(token ?? '')?.account ?? '');
      case 'POST /api/logout':
        this.tokens.delete(token ?? '');
        return DONE;
      case 'POST /api/move':
        return withBody(moveRequestSchema, body, ({ member, channel }) => this.move(member, channel));
      case 'POST /api/mute':
        return withBody(muteRequestSchema, body, ({ member, muted }) =>
          this.withMember(member, (one) => {
            this.putMember({ ...one, mutedForAll: muted });
            this.note('mute', one.identity);
          }),
        );
      case 'POST /api/kick':
        return withBody(kickRequestSchema, body, ({ member, reason }) =>
          this.withMember(member, (one) => {
            this.dropMember(member);
            this.note('kick', one.identity, reason);
          }),
        );
      case 'POST /api/ban':
        return withBody(banRequestSchema, body, (ban) => this.ban(ban));
      case 'POST /api/assign-role':
        return withBody(assignRoleRequestSchema, body, ({ identity, role }) => {
          for (const one of this.room.members) {
            if (one.identity === identity) this.putMember({ ...one, role });
          }
          this.note('assignRole', identity);
          return DONE;
        });
      case 'POST /api/bots':
        return withBody(botsRequestSchema, body, (request) => this.startTest(request));
      case 'DELETE /api/bots':
        if (this.test !== null) this.tellTest(true);
        return { status: 200, body: this.bots };
      default:
        return null;
    }
  }

  private move(token: number, id: number): FakeAnswer {
    const channel = this.room.channels.find((one) => one.id === id);
    if (channel === undefined) return refuse(404, 'unknownChannel', 'There is no such channel any more.');
    const present = this.room.members.filter((one) => one.channel === id).length;
    if (present >= channel.config.maxMembers)
      return refuse(
        409,
        'channelFull',
        `${channel.name} is full: it takes ${channel.config.maxMembers} people.`,
      );
    return this.withMember(token, (one) => {
      this.putMember({ ...one, channel: id });
      this.note('move', one.identity);
    });
  }

  private ban({ subject, reason, seconds }: ReturnType<typeof banRequestSchema.parse>): FakeAnswer {
    const at = this.nowMs();
    const banned = this.room.members.find((one) =>
      subject.kind === 'addressOf' ? one.token === subject.member : isIdentity(subject, one),
    );
    if (subject.kind !== 'range' && banned === undefined)
      return refuse(404, 'unknownMember', 'They are not in the room any more.');
    this.made += 1;
    const range = subject.kind === 'range' ? subject.range : '198.51.100.7';
    this.bans = [
      {
        id: this.made,
        subject:
          subject.kind === 'identity'
            ? { kind: 'identity', identity: subject.identity }
            : { kind: 'range', range },
        nickname: subject.kind === 'identity' ? (banned?.nickname ?? '') : '',
        reason,
        by: 'account:ada',
        createdMs: at,
        untilMs: seconds === null ? null : at + seconds * 1_000,
      },
      ...this.bans,
    ];
    if (banned !== undefined) this.dropMember(banned.token);
    this.note('ban', banned?.identity ?? range, reason);
    return DONE;
  }

  private startTest(request: BotsRequest): FakeAnswer {
    if (this.test !== null) return refuse(409, 'running', 'A test is running already.');
    if (request.address !== null && !request.address.startsWith('127.'))
      return refuse(400, 'badRequest', 'That is not an address of this machine.');
    this.test = { request, begun: this.second };
    this.tellTest(false);
    this.note('admitBots', '');
    return { status: 200, body: this.bots };
  }

  private tellTest(stopped: boolean): void {
    if (this.test === null) return;
    this.bots = fakeBotsState(this.test.request, this.second - this.test.begun, stopped);
    if (this.bots.phase === 'done') this.test = null;
    this.tell({ type: 'bots', bots: this.bots });
  }

  /** Channels, roles, accounts, bans, the room's config: what has an address of its own. */
  private arrange(method: string, path: string, body: unknown): FakeAnswer | null {
    const [, kind = '', key = ''] = /^\/api\/([a-z]+)(?:\/(.+))?$/u.exec(path) ?? [];
    switch (`${method} ${kind}`) {
      case 'POST channels':
        return withBody(createChannelSchema, body, ({ password, ...rest }) => {
          this.made += 1;
          return this.putChannel({ ...rest, id: this.made, locked: password !== null }, 'createChannel');
        });
      case 'PUT channels':
        return withBody(changeChannelSchema, body, ({ password, ...rest }) => {
          const channel = this.room.channels.find((one) => one.id === Number(key));
          if (channel === undefined) return unknown;
          const locked = password === undefined ? channel.locked : password !== null;
          return this.putChannel({ ...channel, ...rest, locked }, 'changeChannel');
        });
      case 'DELETE channels':
        this.room = { ...this.room, channels: this.room.channels.filter((one) => one.id !== Number(key)) };
        this.tell({ type: 'channelRemoved', channel: Number(key) });
        this.note('removeChannel', key);
        return DONE;
      case 'POST roles':
      case 'PUT roles':
        return withBody(saveRoleSchema, body, (role) => {
          this.made += 1;
          const id = key === '' ? this.made : Number(key);
          return this.putRoles([...this.room.roles.filter((one) => one.id !== id), { ...role, id }]);
        });
      case 'DELETE roles':
        return this.putRoles(this.room.roles.filter((one) => one.id !== Number(key)));
      case 'PUT accounts':
        return withBody(saveAccountSchema, body, (saved) => {
          const before = this.accounts.find((one) => one.name === saved.name);
          const password = saved.password ?? before?.password;
          if (password === undefined) return refuse(400, 'badRequest', 'A new account needs a password.');
          const others = this.accounts.filter((one) => one.name !== saved.name);
          const createdMs = before?.createdMs ?? this.nowMs();
          this.accounts = [...others, { name: saved.name, role: saved.role, createdMs, password }];
          return DONE;
        });
      case 'DELETE accounts':
        this.accounts = this.accounts.filter((one) => one.name !== decodeURIComponent(key));
        return DONE;
      case 'DELETE bans':
        this.bans = this.bans.filter((one) => one.id !== Number(key));
        this.note('unban', key);
        return DONE;
      case 'PUT config':
        return withBody(roomConfigSchema, body, (config) => {
          this.room = { ...this.room, ...config };
          this.tell({ type: 'config', config });
          this.note('configure', '');
          return DONE;
        });
      default:
        return null;
    }
  }

  /** Where a channel is open, somebody stands there for those who listen. */
  private setListeners(channel: AdminRoom['channels'][number], listeners: boolean): void {
    this.putChannel({ ...channel, config: { ...channel.config, listeners } }, 'changeChannel');
    const token = LISTENERS_TOKEN + channel.id;
    if (listeners) this.putMember(fakeMember(token, 'Listeners', { channel: channel.id, listeners: true }));
    else this.dropMember(token);
  }

  private putChannel(channel: AdminRoom['channels'][number], action: string): FakeAnswer {
    const known = this.room.channels.some((one) => one.id === channel.id);
    const channels = known
      ? this.room.channels.map((one) => (one.id === channel.id ? channel : one))
      : [...this.room.channels, channel];
    this.room = { ...this.room, channels };
    this.tell({ type: 'channel', channel });
    this.note(action, channel.name);
    return known ? DONE : { status: 201, body: { channel: channel.id } };
  }

  private putRoles(roles: AdminRoom['roles']): FakeAnswer {
    this.room = { ...this.room, roles };
    this.tell({ type: 'roles', roles });
    this.note('saveRole', '');
    return DONE;
  }
}

function isIdentity(
  subject: ReturnType<typeof banRequestSchema.parse>['subject'],
  member: AdminMember,
): boolean {
  return subject.kind === 'identity' && member.identity === subject.identity;
}
