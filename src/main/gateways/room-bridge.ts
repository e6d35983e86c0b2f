import { Floor } from '../../core/program/floor.ts';
import type { ListeningChannel } from '../../core/program/listening.ts';
import type { Feed, Program } from '../../core/program/program.ts';
import type { Programs } from '../../core/program/programs.ts';
import type { FromRoom, ToRoom } from '../../core/program/room-link.ts';
import type { TalkPort } from './gateway.ts';

/** What libopus looks ahead at 48 kHz, in samples: a decoder of a mix leaves out so much at its beginning. */
const MIX_PRE_SKIP_SAMPLES = 312;

/** Longest name of a broadcast. */
const MAX_SOURCE_LENGTH = 64;

interface Post {
  readonly program: Program;
  channel: ListeningChannel;
  /** The member stands in the channel. */
  standing: boolean;
  bitrate: number;
  /** The mix, while it is on. */
  mix: Feed | null;
  readonly floor: Floor;
  wanted: boolean;
  readonly unwatch: () => void;
}

/**
 * Between the programs and the members that stand in the channels for them: mixes become broadcasts, publishers and
 * talking listeners are heard by members, and nobody mixes what nobody listens to.
 */
export class RoomBridge implements TalkPort {
  readonly #programs: Programs;
  readonly #send: (message: ToRoom) => void;
  readonly #nowMs: () => number;
  readonly #posts = new Map<number, Post>();

  constructor(programs: Programs, send: (message: ToRoom) => void, nowMs: () => number) {
    this.#programs = programs;
    this.#send = send;
    this.#nowMs = nowMs;
  }

  /** The channels of `programs` have changed. */
  handleChannels(): void {
    const present = new Set<number>();
    for (const { channel, program } of this.#programs.all()) {
      present.add(channel.id);
      const post = this.#posts.get(channel.id);
      if (post !== undefined && post.program === program) {
        post.channel = channel;
        this.#settle(post);
      } else {
        this.#forget(channel.id);
        this.#posts.set(channel.id, this.#post(channel, program));
      }
    }
    for (const id of [...this.#posts.keys()]) if (!present.has(id)) this.#forget(id);
  }

  handleListeners(channel: number): void {
    const post = this.#posts.get(channel);
    if (post !== undefined) this.#settle(post);
  }

  handleMessage(message: FromRoom): void {
    const post = this.#posts.get(message.channel);
    if (post === undefined) return;
    if (message.kind === 'mixed') {
      post.mix?.frame(message.packet, this.#nowMs());
      return;
    }
    post.standing = message.standing;
    post.bitrate = message.bitrate;
    // Whoever stands there anew knows nothing of what was wanted of the one before.
    post.wanted = false;
    this.#settle(post);
  }

  speak(channel: number, talker: object, packet: Uint8Array): boolean {
    const post = this.#posts.get(channel);
    if (post === undefined || !post.channel.talk || post.channel.source !== 'conversation') return false;
    if (!post.floor.take(talker, this.#nowMs())) return false;
    this.#send({ kind: 'speak', channel, packet });
    return true;
  }

  pause(channel: number, talker: object): void {
    const post = this.#posts.get(channel);
    if (post === undefined || post.floor.holder(this.#nowMs()) !== talker) return;
    post.floor.release(talker);
    this.#send({ kind: 'pause', channel });
  }

  #post(channel: ListeningChannel, program: Program): Post {
    const { id } = channel;
    const unwatch = program.watch({
      handleFrame: ({ payload }) => {
        if (program.broadcast?.kind !== 'publisher') return;
        // A copy of its own: with a view, all of the page or the datagrams around it would go to the other thread.
        this.#send({ kind: 'speak', channel: id, packet: payload.slice() });
      },
      handleEnd: ({ kind }) => {
        if (kind === 'publisher') this.#send({ kind: 'pause', channel: id });
      },
    });
    return {
      program,
      channel,
      standing: false,
      bitrate: channel.bitrate,
      mix: null,
      floor: new Floor(),
      wanted: false,
      unwatch,
    };
  }

  /** Brings the mix and the wish for it in line with what is so. */
  #settle(post: Post): void {
    const { channel, program } = post;
    const mixes = post.standing && channel.source === 'conversation';
    if (!mixes) {
      post.mix?.end();
      post.mix = null;
    } else if (post.mix === null || !post.mix.open) {
      post.mix = program.begin({
        kind: 'mix',
        source: channel.name.slice(0, MAX_SOURCE_LENGTH),
        channels: 1,
        bitrate: post.bitrate,
        preSkipSamples: MIX_PRE_SKIP_SAMPLES,
        container: null,
      });
    }
    const wanted = mixes && program.listeners > 0;
    if (wanted === post.wanted) return;
    post.wanted = wanted;
    this.#send({ kind: 'demand', channel: channel.id, wanted });
  }

  #forget(id: number): void {
    this.#posts.get(id)?.unwatch();
    this.#posts.delete(id);
  }
}
