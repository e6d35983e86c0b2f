import { randomBytes, randomInt } from 'node:crypto';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { AppState } from '../contract/dto.ts';
import { createRng } from '../core/base/rng.ts';
import { App } from './app/app.ts';
import { startAudio } from './audio/audio.ts';
import type { SecretBox } from './base/secret-box.ts';
import { allocateSoundRings } from './base/sound-rings.ts';
import { composeHosting } from './compose-hosting.ts';
import { ControlLane } from './control/control-lane.ts';
import { startHotkeys } from './hotkeys/hotkeys.ts';
import { KeyBindings } from './hotkeys/key-bindings.ts';
import { createRouter, type Router } from './ipc/router.ts';
import { OwnIdentity } from './keys/own-identity.ts';
import { ClientStore } from './store/client-database.ts';
import { Taps } from './taps/taps.ts';
import { Voice } from './voice/voice.ts';
import { MAX_OPUS_PACKET_BYTES, PACKET_RING_SLOTS } from './voice/voice-protocol.ts';

export interface ComposeOptions {
  readonly version: string;
  readonly shell: AppState['shell'];
  readonly dataFolder: string;
  /** Folder of the built workers. */
  readonly codeFolder: string;
  readonly resourcesPath: string;
  readonly environment: NodeJS.ProcessEnv;
  /** What seals secrets, the preferred one first. */
  readonly boxes: readonly [SecretBox, ...SecretBox[]];
  /** What the person should know about how secrets are kept; empty when all is well. */
  readonly storageProblem: string;
  /** Opens an address in the system's browser. */
  readonly openLink: (url: string) => void;
}

export interface Composition {
  readonly app: App;
  readonly router: Router;
  close(): Promise<void>;
}

/**
 * Builds the program without its shell and connects the parts. Decides nothing.
 *
 * @throws DatabaseError, whose message is a sentence for the person
 */
export function compose(options: ComposeOptions): Composition {
  const code = (name: string): string => join(options.codeFolder, `${name}.js`);
  const rings = allocateSoundRings(PACKET_RING_SLOTS, MAX_OPUS_PACKET_BYTES);
  const store = new ClientStore({
    folder: options.dataFolder,
    migrationsFolder: join(options.resourcesPath, 'migrations/client'),
    boxes: options.boxes,
  });
  const identity = new OwnIdentity(store.identity, options.storageProblem);

  const voice = new Voice({
    encoderPath: code('encoder-worker'),
    voicePath: code('voice-worker'),
    ...rings,
    firstTimestamp: randomInt(2 ** 32),
    onEncoderEvent: (event) => app.handleEncoderFact(event),
    onVoiceEvent: (event) => app.handleVoiceFact(event),
    onDidCrash: (thread, reason) => app.handleThreadCrash(thread, reason),
  });

  const app = new App({
    version: options.version,
    shell: options.shell,
    debug: options.environment.SIDETONE_DEBUG === '1',
    defaultNickname: userInfo().username.slice(0, 32),
    rng: createRng(randomInt(2 ** 32)),
    settings: store,
    people: store,
    bookmarks: store.bookmarks,
    identity: () => identity,
    randomBytes: (count) => new Uint8Array(randomBytes(count)),
    wallMs: () => Date.now(),
    openLink: options.openLink,
    voice,
    openLane: (request) => new ControlLane(request),
    startHosting: composeHosting({
      folder: join(options.dataFolder, 'relay'),
      codeFolder: options.codeFolder,
      resourcesPath: options.resourcesPath,
      onCounters: (counters) => app.handleCounters('relay', counters),
    }),
  });

  const audio = startAudio({
    workerPath: code('audio-worker'),
    resourcesPath: options.resourcesPath,
    ...rings,
    inputId: store.current.inputId,
    outputId: store.current.outputId,
    remembered: store.current.audioBuffers,
    environment: options.environment,
    onFact: (fact) =>
      fact.kind === 'counters' ? app.handleCounters('audio', fact.counters) : app.handleAudioFact(fact),
    onBuffer: (fact) => app.handleAudioFact(fact),
    onLatency: (fact) => app.handleAudioFact(fact),
  });
  app.attachAudio(audio);

  const taps = new Taps({
    writerPath: code('tap-writer'),
    folder: join(options.dataFolder, 'recordings'),
    onDidChange: () => app.handleTaps(),
  });
  app.attachTaps(taps);

  const keys = new KeyBindings({
    onDidChange: (name, held) => app.handleKey(name, held),
    onDidCapture: (name, binding) => app.handleBindingCaptured(name, binding),
  });
  const hotkeys = startHotkeys({
    processPath: code('hotkey-process'),
    keys,
    onDidChangeProblem: (problem) => app.handleHotkeyProblem(problem),
  });
  app.attachKeys(keys);

  if (store.wasDamaged) {
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
      await Promise.all([audio.close(), voice.close(), taps.stop()]);
      store.close();
    },
  };
}
