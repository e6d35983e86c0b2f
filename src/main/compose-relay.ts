import { join } from 'node:path';
import { MAX_CHANNEL_MEMBERS } from '../core/wire/channels.ts';
import { formatInvite } from '../core/wire/invite.ts';
import { isListeningGauge } from './admin/listening-metrics.ts';
import { METRICS, placeOf } from './admin/metric-names.ts';
import { LOOPBACK_ADDRESS, reachableAddresses } from './app/addresses.ts';
import { notifySystemd } from './base/native-addon.ts';
import { composeDoors } from './compose-relay-doors.ts';
import { type RelayHostOptions, startRelay } from './relay/relay-host.ts';
import { defaultChannels } from './relay/room-defaults.ts';
import { readAdminTls, readListeningTls } from './service/admin-tls.ts';
import { PrivateNote } from './service/private-notes.ts';
import { type ConfigResult, dataPath, type RelayConfig } from './service/relay-config.ts';
import { healthSocketPath, serveHealth } from './service/relay-health.ts';
import { createRelayLog } from './service/relay-log.ts';
import { RelayService } from './service/relay-service.ts';
import type { OpenRelay } from './service/service-ports.ts';
import { handleSignals } from './service/signals.ts';
import { Systemd } from './service/systemd.ts';
import { TakenSettings } from './service/taken-settings.ts';

export interface ComposeRelayOptions {
  readonly config: RelayConfig;
  /** Reads the settings again. */
  readonly readConfig: () => ConfigResult;
  readonly environment: NodeJS.ProcessEnv;
  /** Folder of the built workers. */
  readonly codeFolder: string;
  readonly resourcesPath: string;
}

/** The channels of a new room: those of a hosted room, under the names of the config, as large as the room. */
function firstChannels(config: RelayConfig): RelayHostOptions['channels'] {
  const usual = defaultChannels();
  const maxMembers = Math.min(config.max_members, MAX_CHANNEL_MEMBERS);
  const names = config.channels ?? usual.map(({ info }) => info.name);
  return usual.slice(0, 1).flatMap(({ info, passwordHash }) =>
    names.map((name, index) => ({
      info: { ...info, id: index + 1, name, config: { ...info.config, maxMembers } },
      passwordHash,
    })),
  );
}

/** Builds `sidetone relay`, the room without a window, and runs it. Decides nothing. @returns the exit code */
export async function runRelay(options: ComposeRelayOptions): Promise<number> {
  const { config, environment } = options;
  const log = createRelayLog(config.log_level);
  const say = (text: string): void => {
    process.stderr.write(`${text}\n`);
  };
  const terminal = process.stderr.isTTY ? say : null;
  const note = (name: string): PrivateNote => new PrivateNote(dataPath(config, name), terminal);

  const open: OpenRelay = async (onDidDie) => {
    const started = await startRelay({
      workerPath: join(options.codeFolder, 'relay-worker.js'),
      folder: config.data_folder,
      migrationsFolder: join(options.resourcesPath, 'migrations/relay'),
      roomName: config.room_name,
      maxMembers: config.max_members,
      channels: firstChannels(config),
      ownerIdentity: config.owner_identity ?? null,
      port: config.port,
      voiceSocket: config.voice_socket,
      senderThreads: config.sender_threads,
      onCounters: () => undefined,
      onDidDie,
    });
    return started.ok ? started : { ok: false, code: started.failure, sentence: started.sentence };
  };

  const service = new RelayService({
    config,
    readConfig: options.readConfig,
    log,
    systemd: new Systemd({
      environment,
      pid: process.pid,
      notify: (text) => notifySystemd(text, environment.NOTIFY_SOCKET) === 'sent',
      onDidFail: () => log.warn('notifyFailed'),
    }),
    open,
    ...composeDoors({ ...options, log, onDefect: (text) => service.noteDefect(text) }),
    readCertificates: { admin: () => readAdminTls(config), listeners: () => readListeningTls(config) },
    serveHealth: (health) => serveHealth(healthSocketPath(config.data_folder), health),
    inviteLink: ({ port, certificateSha256 }, roomName) =>
      formatInvite({
        host: config.public_hosts[0] ?? reachableAddresses()[0] ?? LOOPBACK_ADDRESS,
        port,
        certificateSha256,
        roomName,
      }),
    notes: {
      invite: note('invite-link.txt'),
      setupCode: note('admin-setup-code.txt'),
      crash: note('last-crash.txt'),
    },
    taken: new TakenSettings(dataPath(config, 'settings-taken.json')),
    isGauge: (counter) =>
      isListeningGauge(counter) || METRICS[placeOf(counter)?.name ?? '']?.kind === 'gauge',
    say,
    nowMs: () => performance.now(),
  });
  // Their messages may quote what somebody sent, so they are kept from the log; rejections that nobody handles end here.
  process.on('uncaughtException', (error) => {
    service.handleDefect(error);
    process.exit(1);
  });
  handleSignals({
    onStop: (reason) => void service.stop(reason),
    onReload: () => service.reload(),
    atTerminal: terminal !== null,
  });
  return service.run();
}
