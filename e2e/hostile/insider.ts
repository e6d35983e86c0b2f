import { FLAG_CONTROL, FLAGS_OFFSET } from '../../src/core/wire/datagram.ts';
import type { MediaKey } from '../../src/main/app/ports.ts';
import { ControlLane } from '../../src/main/control/control-lane.ts';
import { UdpTransport } from '../../src/main/voice/udp-transport.ts';
import { waitFor } from '../rig/child.ts';
import { HeadlessMember } from '../rig/member/headless-member.ts';
import type { RecordedDatagram } from './rogue.ts';

/** What an insider does with a message on its way: the text to go on, or null to swallow it. */
type Passage = (text: string) => string | null;

/** Keys of somebody's voice in some epoch. */
export interface KeptKey extends MediaKey {
  readonly keyId: number;
  readonly token: number;
}

/** Longest wait until an insider has keys, in ms. */
const MAX_KEYED_MS = 10_000;

/**
 * A member with real keys who means no good: keeps every datagram it gets, every probe it sends and every key it was
 * ever given, and may swallow or change what its own client says.
 */
export class Insider {
  readonly member: HeadlessMember;
  /** Voice that came in, as it came. */
  readonly received: RecordedDatagram[] = [];
  /** While true, voice that would go out is kept here instead. */
  holdsBack = false;
  readonly heldBack: Uint8Array[] = [];
  readonly keys: KeptKey[] = [];
  onOutgoing: Passage = (text) => text;
  onIncoming: Passage = (text) => text;
  #send: (text: string) => void = () => undefined;

  constructor(nickname: string) {
    this.member = new HeadlessMember({
      nickname,
      openTransport: (address, port, onDatagram) => {
        const transport = new UdpTransport(address, port, (bytes, lengthBytes) => {
          if (((bytes[FLAGS_OFFSET] ?? 0) & FLAG_CONTROL) === 0)
            this.received.push({ atMs: performance.now(), bytes: bytes.slice(0, lengthBytes) });
          onDatagram(bytes, lengthBytes);
        });
        return {
          counters: transport.counters,
          send: (bytes, lengthBytes) => {
            const probe = ((bytes[FLAGS_OFFSET] ?? 0) & FLAG_CONTROL) !== 0;
            if (this.holdsBack && !probe) this.heldBack.push(bytes.slice(0, lengthBytes));
            else transport.send(bytes, lengthBytes);
          },
          close: () => transport.close(),
        };
      },
      openLane: (request) => {
        const lane = new ControlLane({
          ...request,
          onMessage: (text) => {
            const passed = this.onIncoming(text);
            if (passed !== null) request.onMessage(passed);
          },
        });
        this.#send = (text) => lane.send(text);
        return {
          send: (text) => {
            const passed = this.onOutgoing(text);
            if (passed !== null) lane.send(passed);
          },
          sendDatagram: (bytes) => lane.sendDatagram(bytes),
          close: () => lane.close(),
        };
      },
    });
    const { voice } = this.member;
    const setEpoch = voice.setEpoch.bind(voice);
    voice.setEpoch = (keyId, own, members): void => {
      for (const [token, key, salt] of members)
        this.keys.push({ keyId, token, key: key.slice(), salt: salt.slice() });
      setEpoch(keyId, own, members);
    };
  }

  /** Enters, and waits for the channel's keys. */
  async join(relay: { readonly port: number; readonly certificateSha256: string }): Promise<void> {
    const outcome = await this.member.join(relay);
    if (!outcome.ok) throw new Error(outcome.sentence);
    await waitFor(`keys of ${this.member.nickname}`, MAX_KEYED_MS, () =>
      this.keys.length > 0 ? true : null,
    );
  }

  get token(): number {
    return this.member.token ?? 0;
  }

  /** Says something on the lane that its own client knows nothing of. */
  sayText(text: string): void {
    this.#send(text);
  }
}
