import { composeMix } from '../../src/main/compose-mix.ts';
import {
  createPassingIdentity,
  type HeadlessMember,
  type HeadlessRelay,
  openHeadlessMember,
} from '../../src/main/headless-member.ts';
import { MemberVoice } from '../../src/main/mix/member-voice.ts';
import { VoiceEncoder } from '../../src/main/voice/opus.ts';
import { PATIENCE_MS, waitFor } from '../rig/child.ts';
import { inTime } from './in-time.ts';

const FRAME_SAMPLES = 960;
const FRAME_MS = 20;
const BITRATE = 48_000;

/** The others learn of an epoch by lanes of their own, and members wait a moment before they seal under its keys. */
const SETTLE_MS = 700;

/** Anybody in a room: real lane, keys and datagrams; what it says, and what it hears, is the check's. */
export class RoomMember {
  readonly identity = createPassingIdentity();
  readonly #voice: MemberVoice;
  readonly #member: HeadlessMember;
  #timestamp = 0;

  /** @throws Error when the room does not let it in */
  static async enter(relay: HeadlessRelay, nickname: string): Promise<RoomMember> {
    const member = new RoomMember(relay, nickname);
    const joined = await member.#member.join();
    if (joined.ok) return member;
    member.leave();
    throw new Error(`${nickname} was not let in: ${joined.sentence}`);
  }

  private constructor(relay: HeadlessRelay, nickname: string) {
    const { identity } = this;
    this.#voice = new MemberVoice({
      ports: composeMix(relay),
      sendLane: (bytes) => this.#member.sendLaneDatagram(bytes),
      onDidChangeKeys: () => undefined,
    });
    this.#member = openHeadlessMember({
      relay,
      nickname,
      identity,
      voice: this.#voice,
      createGroup: () => identity.createGroup(),
      onKeyMessage: () => undefined,
      sendKey: (_message, send) => send(),
      onDidChange: () => undefined,
      onDidDrop: () => undefined,
    });
  }

  get token(): number | null {
    return this.#member.token;
  }

  /** Waits until it holds keys with somebody else in its channel. */
  async settle(): Promise<void> {
    await waitFor('company with keys', PATIENCE_MS, () =>
      this.#voice.keyed && this.#member.inCompany ? true : null,
    );
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  }

  async joinChannel(channel: number): Promise<void> {
    const joined = await this.#member.joinChannel(channel);
    if (!joined.ok) throw new Error(joined.sentence);
  }

  /**
   * Says it, as fast as one speaks.
   *
   * @param samples mono at 48 kHz
   * @returns when each 20 ms of it left, by `performance.now()`
   */
  async say(samples: Float32Array): Promise<readonly number[]> {
    const encoder = new VoiceEncoder(BITRATE);
    const frames = Math.floor(samples.length / FRAME_SAMPLES);
    const leftMs: number[] = [];
    await inTime(frames, FRAME_MS, (index, nowMs) => {
      const packet = encoder.encode(samples.subarray(index * FRAME_SAMPLES, (index + 1) * FRAME_SAMPLES));
      this.#voice.say(packet, this.#timestamp, index === frames - 1, nowMs);
      this.#timestamp = (this.#timestamp + FRAME_SAMPLES) >>> 0;
      leftMs.push(performance.now());
    });
    return leftMs;
  }

  /** Listens for so long. @returns mono at 48 kHz */
  async hear(durationMs: number): Promise<Float32Array> {
    const frames = Math.ceil(durationMs / FRAME_MS);
    const heard = new Float32Array(frames * FRAME_SAMPLES);
    this.#voice.setListening(true);
    await inTime(frames, FRAME_MS, (index, nowMs) => {
      this.#voice.mix(heard.subarray(index * FRAME_SAMPLES, (index + 1) * FRAME_SAMPLES), nowMs);
    });
    this.#voice.setListening(false);
    return heard;
  }

  leave(): void {
    this.#member.leave();
    this.#voice.close();
  }
}
