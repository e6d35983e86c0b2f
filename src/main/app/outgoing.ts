import type { Losses } from '../../core/redundancy/losses.ts';
import { RedundancyPlanner } from '../../core/redundancy/redundancy-planner.ts';
import type { ChannelConfig } from '../../core/wire/channels.ts';
import { DeadlineTimer } from '../base/deadline-timer.ts';
import type { Sending } from './diagnostics-view.ts';
import type { VoicePort } from './ports.ts';

/** What goes out when nobody has said anything: the hear-yourself test outside of any room. */
const OUTSIDE: Sending = {
  encoderBitrate: 32_000,
  frameSamples: 960,
  copies: 0,
  copySpacing: 1,
  heardLostPermille: null,
};

type Dictated = Pick<ChannelConfig, 'bitrate' | 'frameSamples' | 'redundancyCopies'>;

/** How our voice is encoded and repeated: within what the channel dictates, after what listeners report. */
export class Outgoing {
  readonly #voice: Pick<VoicePort, 'setCodec' | 'setRedundancy'>;
  readonly #planner = new RedundancyPlanner();
  readonly #timer = new DeadlineTimer(this.#planner, (nowMs) => {
    this.#planner.handleDeadline(nowMs);
    this.#apply();
  });
  #dictated: Dictated | null = null;
  /** As reported last; null: nobody has. */
  #heard: Losses | null = null;
  #sending = OUTSIDE;
  /** The threads have been told something. */
  #ordered = false;

  constructor(voice: Pick<VoicePort, 'setCodec' | 'setRedundancy'>) {
    this.#voice = voice;
  }

  get sending(): Sending {
    return this.#sending;
  }

  /** @param config of the channel we are in; null: none, and what was dictated last stays */
  handleChannel(config: Dictated | null): void {
    this.#dictated = config;
    this.#apply();
  }

  /** What listeners report of our voice. */
  handleHeard(losses: Losses, nowMs: number): void {
    this.#heard = losses;
    this.#planner.handleHeard(losses, nowMs);
    this.#apply();
    this.#timer.reschedule();
  }

  /** Another session, or none: nothing has been heard yet. */
  handleNewSession(): void {
    this.#heard = null;
    this.#planner.clear();
    this.#apply();
    this.#timer.reschedule();
  }

  #apply(): void {
    const config = this.#dictated;
    if (config === null) return;
    const { bitrate, frameSamples, redundancyCopies: maxCopies } = config;
    const { copies, spacing, encoderBitrate } = this.#planner.plan({ bitrate, frameSamples, maxCopies });
    const before = this.#sending;
    const heardLostPermille = this.#heard?.lostPermille ?? null;
    this.#sending = { encoderBitrate, frameSamples, copies, copySpacing: spacing, heardLostPermille };
    const first = !this.#ordered;
    this.#ordered = true;
    if (first || before.encoderBitrate !== encoderBitrate || before.frameSamples !== frameSamples)
      this.#voice.setCodec(encoderBitrate, frameSamples);
    if (first || before.copies !== copies || before.copySpacing !== spacing)
      this.#voice.setRedundancy(copies, spacing);
  }
}
