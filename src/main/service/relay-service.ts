import type { RelayAdmin, RelayFigures } from '../../core/relay/admin-port.ts';
import { ADMIN_ROLE_ID } from '../../core/wire/roles.ts';
import type { TlsRead } from './admin-tls.ts';
import { CERTIFICATE_CHECK_MS, CertificateWatch } from './certificate-renewal.ts';
import { COUNTER_LOG_INTERVAL_MS, CounterLog } from './counter-log.ts';
import type { PrivateNote } from './private-notes.ts';
import type { ConfigResult, RelayConfig } from './relay-config.ts';
import { type Health, readySentence } from './relay-health.ts';
import { RelayKeeper } from './relay-keeper.ts';
import type { RelayLog } from './relay-log.ts';
import type {
  AdminDoor,
  ListeningDoor,
  OpenAdmin,
  OpenListening,
  OpenRelay,
  ServiceRelay,
  StopReason,
} from './service-ports.ts';
import { settingNames } from './settings.ts';
import { StandingAdmin } from './standing-admin.ts';
import type { Systemd } from './systemd.ts';
import type { TakenSettings } from './taken-settings.ts';

/** A relay whose thread does not answer within this time, in ms, is held up. */
const MAX_ANSWER_MS = 1_000;

/** How often it is looked whether the one-time code was used, in ms. */
const SETUP_CHECK_MS = 1_000;

/** Settings that take effect without a restart. */
const RELOADABLE = ['room_name', 'max_members', 'log_level'] as const;

/** Who changes the room's name and limit when the settings are read again. No account can have a name with spaces. */
const CONFIG_ACTOR = { account: 'the config file', role: ADMIN_ROLE_ID } as const;

export interface RelayServiceOptions {
  readonly config: RelayConfig;
  readonly readConfig: () => ConfigResult;
  readonly log: RelayLog;
  readonly systemd: Systemd;
  readonly open: OpenRelay;
  readonly openListening: OpenListening;
  /** The certificates of the user's own, as they lie in their files now. */
  readonly readCertificates: { readonly admin: () => TlsRead; readonly listeners: () => TlsRead };
  /** Null: no admin page. */
  readonly openAdmin: OpenAdmin | null;
  /** Answers health where there is no admin page. @throws Error */
  readonly serveHealth: (health: () => Promise<Health>) => Promise<() => Promise<void>>;
  /** The link that leads to the room. */
  readonly inviteLink: (relay: ServiceRelay, roomName: string) => string;
  readonly notes: {
    readonly invite: PrivateNote;
    readonly setupCode: PrivateNote;
    readonly crash: PrivateNote;
  };
  readonly taken: TakenSettings;
  /** Which of the relay's counters go up and down. */
  readonly isGauge: (counter: string) => boolean;
  /** Says something to people, outside of the log. */
  readonly say: (sentence: string) => void;
  readonly nowMs: () => number;
}

/** The life of `sidetone relay`: opens the room, keeps it open, says how it is, and ends in good order. */
export class RelayService {
  readonly admin = new StandingAdmin();
  readonly #options: RelayServiceOptions;
  readonly #keeper: RelayKeeper;
  readonly #counters: CounterLog;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #ended: Promise<number>;
  #end: (exitCode: number) => void = () => undefined;
  #config: RelayConfig;
  #listeningDoor: ListeningDoor | null = null;
  #adminDoor: AdminDoor | null = null;
  #stopBots: () => Promise<void> = async () => undefined;
  #closeHealth: (() => Promise<void>) | null = null;
  #setupCodeUsed = false;
  #certificates: CertificateWatch | null = null;
  #ready = false;
  #reloading: Promise<void> = Promise.resolve();
  #stopping = false;

  constructor(options: RelayServiceOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#counters = new CounterLog(options.isGauge);
    this.#keeper = new RelayKeeper({
      open: options.open,
      nowMs: options.nowMs,
      onDidDie: (reason, waitMs) => this.#handleDeath(reason, waitMs),
      onDidReturn: (relay) => this.#handleReturn(relay),
      onDidGiveUp: () => void this.#giveUp(),
    });
  }

  /** Runs until it is stopped. @returns the exit code */
  async run(): Promise<number> {
    const { log, systemd } = this.#options;
    log.info('starting', { port: this.#config.port, admin: this.#options.openAdmin !== null });
    const started = await this.#keeper.start();
    if (!started.ok) return this.#refuseStart('relayNotStarted', started.code, started.sentence);
    if (this.#stopping) return this.#ended;
    this.#tellOpen(started.relay);
    await this.#configure();
    await this.#tellInvite();
    if (!(await this.#openDoors(started.relay))) return 1;
    if (this.#stopping) return this.#ended;
    systemd.ready(this.#status());
    this.#ready = true;
    this.#startTimers();
    return this.#ended;
  }

  /** `restarting`: members keep their places for two minutes. */
  async stop(reason: StopReason): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    const { log, systemd } = this.#options;
    log.info('stopping', { reason });
    systemd.stopping('Saying farewell.');
    await this.#logCounters();
    await this.#closeDoors();
    await this.#keeper.stop(reason);
    log.info('stopped');
    await systemd.flush();
    this.#end(0);
  }

  /** Reads the settings again, and takes over what can change while the room is open. One after the other. */
  reload(): void {
    this.#reloading = this.#reloading.then(() => this.#reload());
  }

  async #reload(): Promise<void> {
    const { log, systemd, say } = this.#options;
    // While it starts they have just been read; and whoever stops is not ready any more.
    if (!this.#ready || this.#stopping) return;
    systemd.reloading();
    this.#certificates?.check();
    const read = this.#options.readConfig();
    if (read.ok) await this.#take(read.config);
    else {
      for (const sentence of read.sentences) say(sentence);
      log.error('reloadRefused', { mistakes: read.sentences.length });
    }
    if (!this.#stopping) systemd.ready(this.#status());
  }

  /** The program has a defect outside of the relay's thread, and is to end: whoever started it starts it again. */
  handleDefect(error: unknown): void {
    this.noteDefect(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }

  /** Something died that is started again; its `text` is not for the log. */
  noteDefect(text: string): void {
    const { log, notes } = this.#options;
    const path = this.#show(notes.crash, 'Something went wrong that should not:', text);
    log.error('unexpected', path === null ? {} : { path });
  }

  /** Whether the room is open and its thread answers. */
  async health(): Promise<Health> {
    if (this.#keeper.relay === null)
      return { ready: false, sentence: 'The relay went down and is started again.' };
    if ((await figuresInTime(this.admin)) === null)
      return { ready: false, sentence: 'The relay does not answer.' };
    return { ready: true, sentence: readySentence(this.#listeningDoor?.status === 'failing') };
  }

  async #openDoors(relay: ServiceRelay): Promise<boolean> {
    const { log, openAdmin, openListening, readCertificates } = this.#options;
    // Before they open: what is replaced while they do is noticed at the first look.
    this.#certificates = new CertificateWatch(log, [
      { of: 'admin', read: readCertificates.admin, door: () => this.#adminDoor },
      { of: 'listeners', read: readCertificates.listeners, door: () => this.#listeningDoor },
    ]);
    const listening = await openListening(this.admin, relay);
    if (!listening.ok) return this.#refuseDoors('listeningNotStarted', listening.sentence);
    this.#listeningDoor = listening.listening;
    return this.#openAdmin(openAdmin, relay);
  }

  async #openAdmin(openAdmin: OpenAdmin | null, relay: ServiceRelay): Promise<boolean> {
    const { log, serveHealth, notes } = this.#options;
    if (openAdmin === null) {
      try {
        this.#closeHealth = await serveHealth(() => this.health());
      } catch (error) {
        log.warn('healthNotStarted', { code: errorCode(error) });
      }
      return true;
    }
    const started = await openAdmin(this.admin, relay);
    if (!started.ok) return this.#refuseDoors('adminNotStarted', started.sentence);
    this.#adminDoor = started.admin;
    this.#stopBots = started.stopBots;
    log.info('adminListening', { port: started.admin.port });
    const { setupCode } = started.admin;
    // One that an earlier start left behind is worth nothing.
    notes.setupCode.remove();
    if (setupCode !== null) {
      const path = this.#show(
        notes.setupCode,
        `Open ${started.admin.url} and make the first account with this code:`,
        setupCode,
      );
      if (path !== null) log.info('setupCodeWritten', { path });
    }
    return true;
  }

  async #refuseDoors(event: 'listeningNotStarted' | 'adminNotStarted', sentence: string): Promise<false> {
    await this.#listeningDoor?.stop();
    await this.#keeper.stop('restarting');
    this.#refuseStart(event, event, sentence);
    return false;
  }

  async #closeDoors(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#stopBots();
    await this.#listeningDoor?.stop();
    await this.#adminDoor?.close();
    await this.#closeHealth?.();
    this.#options.notes.setupCode.remove();
  }

  #startTimers(): void {
    const { systemd } = this.#options;
    const every = (intervalMs: number, work: () => void): void => {
      this.#timers.push(setInterval(work, intervalMs));
    };
    every(COUNTER_LOG_INTERVAL_MS, () => {
      void this.#logCounters().then(() => systemd.status(this.#status()));
    });
    every(CERTIFICATE_CHECK_MS, () => this.#certificates?.check());
    if (this.#adminDoor?.setupCode != null) every(SETUP_CHECK_MS, () => this.#checkSetupCode());
    if (systemd.watchdogMs !== null) every(systemd.watchdogMs, () => void this.#feedWatchdog());
  }

  #checkSetupCode(): void {
    if (this.#adminDoor?.setupCode !== null || this.#setupCodeUsed) return;
    this.#setupCodeUsed = true;
    this.#options.notes.setupCode.remove();
    this.#options.log.info('setupCodeUsed');
  }

  async #feedWatchdog(): Promise<void> {
    // A relay that is being started again is no reason to end the program: it ends by itself if that fails.
    if (this.#keeper.relay === null || (await figuresInTime(this.admin)) !== null)
      this.#options.systemd.alive();
    else this.#options.log.warn('notAnswering');
  }

  #tellOpen(relay: ServiceRelay): void {
    const { log } = this.#options;
    this.admin.attach(relay.admin);
    const { port, certificateSha256, voiceSocket: kind, whyNotBatched } = relay;
    log.info('listening', { port, certificateSha256 });
    const asked = this.#config.voice_socket;
    log.info('voiceSocket', { kind, asked, ...(whyNotBatched === null ? {} : { because: whyNotBatched }) });
  }

  async #tellInvite(): Promise<void> {
    const { log, notes, inviteLink } = this.#options;
    const relay = this.#keeper.relay;
    if (relay === null) return;
    const roomName = await this.admin.view().then(
      (view) => view.roomName,
      () => this.#config.room_name,
    );
    const lead = 'Invite others with this link:';
    const path = this.#show(notes.invite, lead, inviteLink(relay, roomName));
    if (path !== null) log.info('inviteWritten', { path });
  }

  /** @returns the file in which it stands; null: none */
  #show(note: PrivateNote, lead: string, text: string): string | null {
    try {
      return note.show(lead, text);
    } catch (error) {
      this.#options.log.error('noteNotWritten', { code: errorCode(error) });
      return null;
    }
  }

  #handleDeath(reason: string, waitMs: number): void {
    const { log, notes, systemd } = this.#options;
    this.admin.attach(null);
    // The reason is the message of an exception, which may quote what somebody sent.
    const path = this.#show(notes.crash, 'The relay went down:', reason);
    log.error('relayDied', path === null ? {} : { path });
    if (waitMs > 0) log.info('relayRestarting', { waitMs });
    systemd.status('The relay went down and is started again.');
  }

  #handleReturn(relay: ServiceRelay): void {
    this.admin.attach(relay.admin);
    this.#options.log.info('relayReturned', { port: relay.port });
    this.#options.systemd.status(this.#status());
  }

  async #giveUp(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#options.log.error('relayGivenUp');
    this.#options.say('The relay went down at once, again and again. See the log.');
    await this.#closeDoors();
    await this.#options.systemd.flush();
    this.#end(1);
  }

  #refuseStart(
    event: 'relayNotStarted' | 'listeningNotStarted' | 'adminNotStarted',
    code: string,
    sentence: string,
  ): number {
    this.#options.say(sentence);
    this.#options.log.error(event, { code });
    return 1;
  }

  async #take(config: RelayConfig): Promise<void> {
    const { log } = this.#options;
    const before = this.#config;
    this.#config = config;
    log.setLevel(config.log_level);
    for (const name of settingNames) {
      if (RELOADABLE.some((reloadable) => reloadable === name)) continue;
      if (JSON.stringify(config[name]) !== JSON.stringify(before[name]))
        log.warn('needsRestart', { setting: name });
    }
    if (await this.#configure()) await this.#tellInvite();
    log.info('reloaded');
  }

  /**
   * Gives the room what has changed in the settings; what has not stays as the room has it, perhaps from an account.
   *
   * @returns whether something has
   */
  async #configure(): Promise<boolean> {
    const { log, taken } = this.#options;
    const { room_name, max_members } = this.#config;
    try {
      const before = taken.read();
      const renamed = before !== null && room_name !== before.room_name;
      const resized = before !== null && max_members !== before.max_members;
      if (renamed || resized) {
        const view = await this.admin.view();
        const outcome = await this.admin.command(CONFIG_ACTOR, {
          kind: 'configure',
          name: renamed ? room_name : view.roomName,
          maxMembers: resized ? max_members : view.maxMembers,
        });
        if (!outcome.ok) {
          log.error('configureFailed', { code: outcome.code });
          return false;
        }
        log.info('configured', { renamed, resized });
      }
      if (before === null || renamed || resized) taken.write({ room_name, max_members });
      return renamed || resized;
    } catch (error) {
      log.error('configureFailed', { code: errorCode(error) });
      return false;
    }
  }

  async #logCounters(): Promise<void> {
    const figures = await figuresInTime(this.admin);
    const relay = Object.entries(figures?.counters ?? {});
    const admin = Object.entries(this.#adminDoor?.counters() ?? {});
    const listening = Object.entries(this.#listeningDoor?.counters() ?? {});
    this.#counters.take(
      Object.fromEntries([
        ...relay,
        ...admin.map(([name, count]) => [`admin.${name}`, count] as const),
        ...listening.map(([name, count]) => [`listening.${name}`, count] as const),
      ]),
    );
    this.#options.log.info('counters', { answers: figures !== null, ...this.#counters.report() });
  }

  #status(): string {
    const relay = this.#keeper.relay;
    return relay === null ? 'The relay is started again.' : `The room is open on port ${relay.port}.`;
  }
}

/** What the relay's thread says of itself; null: there is none, or it does not answer in time. */
async function figuresInTime(admin: RelayAdmin): Promise<RelayFigures | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), MAX_ANSWER_MS);
  });
  try {
    return await Promise.race([admin.figures(), late]);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
