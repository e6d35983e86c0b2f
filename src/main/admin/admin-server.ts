import { randomBytes } from 'node:crypto';
import type { CertificatePair } from '../base/certificate-pair.ts';
import { PasswordHasher } from '../base/password-hasher.ts';
import { DatabaseError } from '../base/sqlite/database-error.ts';
import { AccountDesk, type AccountHasher } from './account-desk.ts';
import { addAccounts, addEntrance } from './account-routes.ts';
import { type AdminApp, createAdminApp } from './admin-app.ts';
import { AdminDatabase } from './admin-database.ts';
import type { AdminOptions, AdminStart, RunningAdmin } from './admin-options.ts';
import { EventStreams } from './event-streams.ts';
import { HostCheck } from './host-check.ts';
import { renewTls } from './http-server.ts';
import { dashboardUrl, listenSentence, placeProblem } from './listening-address.ts';
import { ListeningNews } from './listening-news.ts';
import { addListening } from './listening-routes.ts';
import { Metrics } from './metrics.ts';
import { LoginLinks } from './one-time-codes.ts';
import { addOpenApi } from './openapi.ts';
import { RelayGate } from './relay-gate.ts';
import { toEvent } from './room-answers.ts';
import { addModeration, addRoomChanges, addRoomReading } from './room-routes.ts';
import { type RouteParts, withLogin } from './route-parts.ts';
import { addBots, addEvents, addPages, addService } from './service-routes.ts';
import { StaticPages } from './static-pages.ts';
import { Tokens } from './tokens.ts';
import { TrafficMeter } from './traffic-meter.ts';

/**
 * Passwords of accounts that are worked on at a time: one. The relay of the same process takes two of libuv's four
 * threads, and files and names need the last.
 */
const PASSWORDS_AT_ONCE = 1;

/** Passwords that wait for their turn: about a second's work. */
const MAX_WAITING_ACCOUNT_PASSWORDS = 8;

/** Opens the accounts' database; a sentence where it cannot be had. */
function openDatabase(options: AdminOptions): AdminDatabase | string {
  try {
    return new AdminDatabase(options.folder, options.migrationsFolder);
  } catch (error) {
    if (error instanceof DatabaseError) return error.message;
    throw error;
  }
}

/** Starts the admin API of a running relay, and its dashboard. It decides nothing about the room: the relay does. */
export function startAdmin(options: AdminOptions): Promise<AdminStart> {
  return startAdminWith(options, new PasswordHasher(PASSWORDS_AT_ONCE, MAX_WAITING_ACCOUNT_PASSWORDS));
}

/** The same with another hasher: the real one takes a tenth of a second each time, and that is what it is for. */
export async function startAdminWith(options: AdminOptions, hasher: AccountHasher): Promise<AdminStart> {
  const problem = placeProblem(options);
  if (problem !== null) return { ok: false, sentence: problem };
  const database = openDatabase(options);
  if (typeof database === 'string') return { ok: false, sentence: database };
  const nobodysHash = await hasher.hash(randomBytes(24).toString('base64url'));
  if (nobodysHash === null) {
    database.close();
    return { ok: false, sentence: 'This machine has too little memory to check passwords.' };
  }
  const server = new AdminServer(options, database, hasher, nobodysHash);
  try {
    await server.open();
    return { ok: true, admin: server };
  } catch (error) {
    await server.close();
    return { ok: false, sentence: listenSentence(error, options.host, options.port) };
  }
}

class AdminServer implements RunningAdmin {
  readonly #options: AdminOptions;
  readonly #database: AdminDatabase;
  readonly #hasher: AccountHasher;
  readonly #relay: RelayGate;
  readonly #links = new LoginLinks();
  readonly #streams = new EventStreams();
  readonly #listeningNews = new ListeningNews(() => this.#streams.send({ type: 'listening' }));
  readonly #accounts: AccountDesk;
  readonly #traffic: TrafficMeter;
  readonly #wallMs: () => number;
  readonly #nowMs: () => number;
  #app: AdminApp | null = null;
  #service: Readonly<Record<string, number>> = {};
  #port = 0;
  #stopWatching: (() => void)[] = [];

  constructor(options: AdminOptions, database: AdminDatabase, hasher: AccountHasher, nobodysHash: string) {
    this.#options = options;
    this.#database = database;
    this.#hasher = hasher;
    this.#wallMs = options.wallMs ?? Date.now;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#relay = new RelayGate(options.relay);
    this.#accounts = new AccountDesk({
      database,
      tokens: new Tokens(database.signingKey, database.relayId),
      hasher,
      relay: this.#relay,
      links: this.#links,
      nobodysHash,
      wallMs: this.#wallMs,
      nowMs: this.#nowMs,
      onTokensEnded: () => this.#streams.endUnheld(),
    });
    this.#traffic = new TrafficMeter(this.#relay, (traffic) =>
      this.#streams.send({ type: 'traffic', traffic }),
    );
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return dashboardUrl(this.#options, this.#port);
  }

  get setupCode(): string | null {
    return this.#accounts.setupCode;
  }

  issueLoginLink(): string {
    return `${this.url}#login=${this.#links.issue(this.#wallMs())}`;
  }

  /** For connections from now on; without TLS there is nothing to renew. @throws Error where it is none */
  renewCertificate(certificate: CertificatePair): void {
    if (this.#options.tls !== null && this.#app !== null) renewTls(this.#app.server, certificate);
  }

  counters(): Record<string, number> {
    const counters: Record<string, number> = {
      ...this.#service,
      ...this.#streams.counters,
      ...this.#relay.counters,
      ...this.#accounts.counters,
    };
    for (const [name, count] of Object.entries(this.#hasher.counters)) counters[`password.${name}`] = count;
    return counters;
  }

  /** @throws where the port cannot be had */
  async open(): Promise<void> {
    const { relay, bots, listening, host, port, log } = this.#options;
    const app = await this.#build();
    await app.listen({ host, port });
    const address = app.server.address();
    if (address === null || typeof address === 'string') throw new Error('the admin server has no port');
    this.#port = address.port;
    this.#stopWatching = [
      relay.watch((news) => this.#streams.send(toEvent(news))),
      bots?.onState((state) => this.#streams.send({ type: 'bots', bots: state })) ?? (() => {}),
      listening?.onDidChange(() => this.#listeningNews.tell()) ?? (() => {}),
    ];
    log('adminStarted', {
      port: this.#port,
      tls: this.#options.tls !== null,
      behindProxy: this.#options.behindProxy,
      accounts: this.#database.accountCount,
    });
  }

  async close(): Promise<void> {
    for (const stop of this.#stopWatching) stop();
    this.#listeningNews.stop();
    this.#traffic.stop();
    this.#streams.close();
    await this.#app?.close();
    this.#database.close();
    this.#options.log('adminStopped', {});
  }

  async #build(): Promise<AdminApp> {
    const { tls, behindProxy, proxyAddresses, publicHosts, log } = this.#options;
    const hostCheck = new HostCheck({
      port: () => this.#port,
      publicHosts,
      behindProxy,
      scheme: tls === null ? 'http' : 'https',
    });
    const appOptions = { tls, behindProxy, proxyAddresses, hostCheck, log, nowMs: this.#nowMs };
    const { app, counters } = await createAdminApp(appOptions);
    this.#app = app;
    this.#service = counters;
    const parts: RouteParts = {
      accounts: this.#accounts,
      relay: this.#relay,
      bots: this.#options.bots,
      listening: this.#options.listening,
      streams: this.#streams,
      traffic: this.#traffic,
      metrics: new Metrics(this.#wallMs()),
      metricsToken: this.#options.metricsToken,
      hostCheck,
      counters: () => this.counters(),
      wallMs: this.#wallMs,
    };
    await addOpenApi(app);
    addEntrance(app, parts);
    addService(app, parts);
    addPages(app, new StaticPages(this.#options.rendererPath));
    await withLogin(app, this.#accounts, (api) => {
      addAccounts(api, parts);
      addRoomReading(api, parts);
      addModeration(api, parts);
      addRoomChanges(api, parts);
      addListening(api, parts);
      addBots(api, parts);
      addEvents(api, parts);
    });
    return app;
  }
}
