import { memberFor, simIdentity } from '../../core/sim/sim-room.ts';
import { NOBODY } from '../../core/voice/whisper-schedule.ts';
import type { MemberInfo } from '../../core/wire/control.ts';
import { WHISPER_LIST_BIT } from '../../core/wire/datagram.ts';
import type { StoredWhisperList, WhisperCryptoPort } from './ports.ts';
import { Whispers } from './whispers.ts';

/** Our own token. */
export const OWN = 1;
/** List 5, as it stands in datagrams. */
export const LIST = (WHISPER_LIST_BIT + 5) >>> 0;

interface Slot {
  readonly target: number;
  readonly keyId: number;
  readonly key: string;
}

/** Whispers of member 1, with relay, sound threads and cryptography played by the test. */
export class WhispersRig {
  members: MemberInfo[] = [memberFor(OWN), memberFor(2), memberFor(3), memberFor(4)];
  lists: StoredWhisperList[] = [];
  ownToken: number | null = OWN;
  connected = true;
  /** What the sound threads hold: whom each slot stands for. */
  readonly slots = new Map<number, Slot>();
  held: number | null = null;
  readonly received: [number, number, number][] = [];
  readonly registered: [number, readonly number[]][] = [];
  readonly sent: { readonly to: number; readonly target: number; readonly keyId: number }[] = [];
  readonly notices: string[] = [];
  changes = 0;
  #random = 0;
  seal: WhisperCryptoPort['seal'] = async ({ keyId }) => Uint8Array.of(keyId);
  open: WhisperCryptoPort['open'] = async ({ sealed }) => ({
    ok: true,
    keyId: sealed[0] ?? 0,
    key: new Uint8Array(16),
    salt: new Uint8Array(12),
  });
  readonly whispers = new Whispers({
    crypto: { seal: (facts) => this.seal(facts), open: (facts) => this.open(facts) },
    voice: {
      setWhisper: (slot) => {
        this.held = slot;
      },
      setWhisperTarget: (slot, target, keyId = 0, key = new Uint8Array()) => {
        if (target === null) this.slots.delete(slot);
        else this.slots.set(slot, { target, keyId, key: key.join() });
      },
      setWhisperKey: (from, target, keyId) => this.received.push([from, target, keyId]),
    },
    members: () => this.members,
    ownToken: () => this.ownToken,
    lists: () => this.lists,
    registerList: (list, targets) => this.registered.push([list, targets]),
    sendKey: (to, target, sealed) => {
      if (this.connected) this.sent.push({ to, target, keyId: keyIdOf(sealed) });
      return this.connected;
    },
    randomBytes: (count) => {
      this.#random += 1;
      return new Uint8Array(count).fill(this.#random);
    },
    onDidChange: () => {
      this.changes += 1;
    },
    notify: (sentence) => this.notices.push(sentence),
  });

  get activeTo(): string {
    return this.whispers.describe(null, null).activeTo;
  }

  /** Whom the sound threads whisper to right now: a target, NOBODY, or null for the channel. */
  get goesTo(): number | null {
    if (this.held === null || this.held === NOBODY) return this.held;
    return this.slots.get(this.held)?.target ?? NOBODY;
  }

  addList(targets: readonly number[], id = 5): void {
    this.lists.push({ id, name: `List ${id}`, targets: targets.map(simIdentity), binding: null });
    this.whispers.handleRoster();
  }

  press(token: number, name = `key.${token}`): void {
    this.whispers.setHeld(name, { kind: 'member', token }, true);
  }

  release(token: number, name = `key.${token}`): void {
    this.whispers.setHeld(name, { kind: 'member', token }, false);
  }
}

function keyIdOf(sealed: string): number {
  return Buffer.from(sealed, 'base64url')[0] ?? -1;
}

/** Lets what was begun come to its end. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}
