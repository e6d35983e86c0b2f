import { randomBytes, randomInt } from 'node:crypto';
import type { ChatEvent } from '../../../src/contract/chat.ts';
import type { Outcome } from '../../../src/contract/ipc.ts';
import { createRng, type Rng } from '../../../src/core/base/rng.ts';
import type { Invite } from '../../../src/core/wire/invite.ts';
import { MemorySettings } from '../../../src/main/app/memory-settings.ts';
import type { OpenLane, PeoplePort, PersonValues } from '../../../src/main/app/ports.ts';
import { Room } from '../../../src/main/app/room.ts';
import { ControlLane } from '../../../src/main/control/control-lane.ts';
import { OwnIdentity } from '../../../src/main/keys/own-identity.ts';
import { HeadlessVoice, type HeadlessVoiceOptions } from './headless-voice.ts';

export interface HeadlessMemberOptions {
  readonly nickname: string;
  /** Spreads the attempts to reconnect; by default as the program does. */
  readonly rng?: Rng;
  readonly openTransport?: HeadlessVoiceOptions['openTransport'];
  readonly openLane?: OpenLane;
  readonly onDidChangeKey?: (keyId: number) => void;
  readonly onHeard?: HeadlessVoiceOptions['onHeard'];
  readonly onChat?: (event: ChatEvent) => void;
}

/**
 * A member of a room without window, sound and disk: the program's own room, keys and control lane over real sockets.
 */
export class HeadlessMember {
  readonly nickname: string;
  readonly identity: OwnIdentity;
  readonly voice: HeadlessVoice;
  readonly room: Room;
  /** Sentences that a person would have been shown. */
  readonly notices: string[] = [];
  readonly chat: ChatEvent[] = [];

  constructor(options: HeadlessMemberOptions) {
    this.nickname = options.nickname;
    let seed: Uint8Array | null = null;
    this.identity = new OwnIdentity(
      {
        storage: 'file',
        load: () => ({ ok: true, seed }),
        save: (saved) => {
          seed = saved;
        },
      },
      '',
    );
    this.voice = new HeadlessVoice({
      ...(options.openTransport === undefined ? {} : { openTransport: options.openTransport }),
      onDidChangePath: (path) => this.room.call.handleVoiceRoute(path),
      sendLane: (bytes) => this.room.call.sendLaneDatagram(bytes),
      onDidChangeKey: options.onDidChangeKey ?? (() => undefined),
      onHeard: options.onHeard ?? (() => undefined),
    });
    this.room = new Room({
      rng: options.rng ?? createRng(randomInt(2 ** 32)),
      voice: this.voice,
      settings: new MemorySettings(),
      people: new ForgetfulPeople(),
      identity: () => this.identity,
      openLane: options.openLane ?? ((request) => new ControlLane(request)),
      randomBytes: (count) => new Uint8Array(randomBytes(count)),
      wallMs: () => Date.now(),
      onDidChange: () => undefined,
      onChat: (event) => {
        this.chat.push(event);
        options.onChat?.(event);
      },
      notify: (_severity, sentence) => this.notices.push(sentence),
    });
  }

  get token(): number | null {
    return this.room.call.token;
  }

  join(target: Pick<Invite, 'port' | 'certificateSha256'>, password: string | null = null): Promise<Outcome> {
    return this.room.call.join({ host: '127.0.0.1', roomName: null, ...target }, this.nickname, password);
  }

  leave(): void {
    this.room.call.leave();
  }
}

/** Keeps nothing from one room to the next. */
class ForgetfulPeople implements PeoplePort {
  readonly #relays = new Map<string, string>();
  readonly #people = new Map<string, PersonValues>();

  knownRelay(hostAndPort: string): string | null {
    return this.#relays.get(hostAndPort) ?? null;
  }

  rememberRelay(hostAndPort: string, sha256: string): void {
    this.#relays.set(hostAndPort, sha256);
  }

  person(server: string, identity: string): PersonValues | null {
    return this.#people.get(`${server} ${identity}`) ?? null;
  }

  savePerson(server: string, identity: string, values: PersonValues): void {
    this.#people.set(`${server} ${identity}`, values);
  }
}
