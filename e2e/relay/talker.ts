import { waitFor } from '../rig/child.ts';
import { HeadlessMember } from '../rig/member/headless-member.ts';

/** Longest wait for a word from the other, in ms: a client that lost its relay tries again within these. */
const MAX_WAIT_MS = 20_000;

const FRAME_MS = 20;

/** A member that says its own name, fifty times a second. */
export class Talker {
  readonly member: HeadlessMember;
  readonly #speaking: NodeJS.Timeout;
  #heard = new Set<string>();

  /** @throws Error when the room does not let it in */
  static async enter(
    door: { readonly port: number; readonly certificateSha256: string },
    nickname: string,
  ): Promise<Talker> {
    const talker = new Talker(nickname);
    const outcome = await talker.member.join(door);
    if (outcome.ok) return talker;
    talker.leave();
    throw new Error(`${nickname} was not let in: ${outcome.sentence}`);
  }

  private constructor(nickname: string) {
    this.member = new HeadlessMember({
      nickname,
      onHeard: (_from, _target, payload) => this.#heard.add(Buffer.from(payload).toString()),
    });
    const words = Buffer.from(nickname);
    this.#speaking = setInterval(() => this.member.voice.speak(words), FRAME_MS);
  }

  get connected(): boolean {
    return this.member.room.describe(false).connection.phase === 'connected';
  }

  /** Waits for something that `other` says from now on. */
  async hears(other: Talker, maxMs = MAX_WAIT_MS): Promise<void> {
    this.#heard = new Set();
    const { nickname } = other.member;
    await waitFor(`a word of ${nickname}`, maxMs, () => (this.#heard.has(nickname) ? true : null));
  }

  leave(): void {
    clearInterval(this.#speaking);
    this.member.leave();
  }
}
