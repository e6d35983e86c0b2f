import { randomInt } from 'node:crypto';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { AppState } from '../contract/dto.ts';
import { createRng } from '../core/base/rng.ts';
import { PacketRing } from '../core/ring/packet-ring.ts';
import { SampleRing } from '../core/ring/sample-ring.ts';
import { App } from './app/app.ts';
import { startAudio } from './audio/audio.ts';
import { ControlLane } from './control/control-lane.ts';
import { startHotkeys } from './hotkeys/hotkeys.ts';
import { PushToTalk } from './hotkeys/push-to-talk.ts';
import { createRouter, type Router } from './ipc/router.ts';
import { startRelay } from './relay/relay-host.ts';
import { defaultChannels, MAX_HOSTED_MEMBERS } from './relay/room-defaults.ts';
import { SettingsStore } from './store/settings.ts';
import { Voice } from './voice/voice.ts';
import { MAX_OPUS_PACKET_BYTES, PACKET_RING_SLOTS } from './voice/voice-protocol.ts';

/** A third of a second of sound: a thread that is held up longer has lost the conversation anyway. */
const SAMPLE_RING_CAPACITY = 16_384;

export interface ComposeOptions {
  readonly version: string;
  readonly shell: AppState['shell'];
  readonly dataFolder: string;
  /** Folder of the built workers. */
  readonly codeFolder: string;
  readonly resourcesPath: string;
  readonly environment: NodeJS.ProcessEnv;
}

export interface Composition {
  readonly app: App;
  readonly router: Router;
  close(): Promise<void>;
}

/** Builds the program without its shell and connects the parts. Decides nothing. */
export function compose(options: ComposeOptions): Composition {
  const code = (name: string): string => join(options.codeFolder, `${name}.js`);
  const captureMemory = SampleRing.allocate(SAMPLE_RING_CAPACITY);
  const playbackMemory = SampleRing.allocate(SAMPLE_RING_CAPACITY);
  const packetMemory = PacketRing.allocate(PACKET_RING_SLOTS, MAX_OPUS_PACKET_BYTES);
  const settings = new SettingsStore(options.dataFolder);

  const voice = new Voice({
    encoderPath: code('encoder-worker'),
    voicePath: code('voice-worker'),
    captureMemory,
    packetMemory,
    playbackMemory,
    firstTimestamp: randomInt(2 ** 32),
    onEncoderEvent: (event) => app.handleEncoderFact(event),
    onVoiceEvent: (event) => app.handleVoiceFact(event),
    onDidCrash: (thread, reason) =>
      app.notify('error', `The ${thread} thread stopped (${reason}) and was started again.`),
  });

  const app = new App({
    version: options.version,
    shell: options.shell,
    debug: options.environment.SIDETONE_DEBUG === '1',
    defaultNickname: userInfo().username.slice(0, 32),
    rng: createRng(randomInt(2 ** 32)),
    settings,
    voice,
    openLane: (request) => new ControlLane(request),
    startHosting: (request) =>
      startRelay({
        workerPath: code('relay-worker'),
        folder: join(options.dataFolder, 'relay'),
        maxMembers: MAX_HOSTED_MEMBERS,
        channels: defaultChannels(),
        onCounters: (counters) => app.handleCounters('relay', counters),
        ...request,
      }),
  });

  const audio = startAudio({
    workerPath: code('audio-worker'),
    resourcesPath: options.resourcesPath,
    captureMemory,
    playbackMemory,
    inputId: settings.current.inputId,
    outputId: settings.current.outputId,
    environment: options.environment,
    onFact: (fact) =>
      fact.kind === 'counters' ? app.handleCounters('audio', fact.counters) : app.handleAudioFact(fact),
  });
  app.attachAudio(audio);

  const keys = new PushToTalk({
    onDidChange: (held) => app.handleKey(held),
    onDidCapture: (binding) => app.handleBindingCaptured(binding),
  });
  const hotkeys = startHotkeys({
    processPath: code('hotkey-process'),
    keys,
    onDidChangeProblem: (problem) => app.handleHotkeyProblem(problem),
  });
  app.attachKeys(keys);

  if (settings.wasDamaged) {
    app.notify(
      'warning',
      'Your settings could not be read and were put aside; Sidetone started with its defaults.',
    );
  }

  const router = createRouter(app.handlers);
  app.addCounters('commands', () => ({ ...router.counters }));
  return {
    app,
    router,
    async close(): Promise<void> {
      await app.close();
      hotkeys.close();
      await Promise.all([audio.close(), voice.close()]);
    },
  };
}
