import { join } from 'node:path';
import { MAX_CHANNEL_MEMBERS } from '../core/wire/channels.ts';
import { formatInvite } from '../core/wire/invite.ts';
import { LOOPBACK_ADDRESS, reachableAddresses } from './app/addresses.ts';
import { type RelayHostOptions, startRelay } from './relay/relay-host.ts';
import { defaultChannels } from './relay/room-defaults.ts';
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
  const systemd = new Systemd({
    environment,
    pid: process.pid,
    notify: () => false,
    onDidFail: () => log.warn('notifyFailed'),
  });

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
      onCounters: (counters) => service.handleCounters(counters),
      onDidDie,
    });
    if (!started.ok) return { ok: false, code: 'failed', sentence: started.sentence };
    const { voiceSocket } = await started.relay.admin.figures();
    return { ok: true, relay: { ...started.relay, voiceSocket, voiceSocketReason: config.voice_socket } };
  };

  const service = new RelayService({
    config,
    readConfig: options.readConfig,
    log,
    systemd,
    open,
    openAdmin: null,
    serveHealth: (health) => serveHealth(healthSocketPath(config.data_folder), health),
    inviteLink: ({ port, certificateSha256 }) =>
      formatInvite({
        host: config.public_hosts[0] ?? reachableAddresses()[0] ?? LOOPBACK_ADDRESS,
        port,
        certificateSha256,
        roomName: config.room_name,
      }),
    notes: {
      invite: new PrivateNote(dataPath(config, 'invite-link.txt'), terminal),
      setupCode: new PrivateNote(dataPath(config, 'admin-setup-code.txt'), terminal),
      crash: new PrivateNote(dataPath(config, 'last-crash.txt'), terminal),
    },
    taken: new TakenSettings(dataPath(config, 'settings-taken.json')),
    say,
    nowMs: () => performance.now(),
  });
  handleSignals({
    onStop: (reason) => void service.stop(reason),
    onReload: () => void service.reload(),
    atTerminal: terminal !== null,
  });
  return service.run();
}
