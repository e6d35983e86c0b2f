import { createHmac } from 'node:crypto';
import { getHeapStatistics } from 'node:v8';
import { describe, expect, test } from 'vitest';
import { RecordedRelay, voiceDatagram } from '../sim/recorded-relay.ts';
import { freshSnapshot } from '../sim/sim-room.ts';
import { WHISPER_LIST_BIT } from '../wire/datagram.ts';
import { packAddress } from './packed-address.ts';
import type { RelayOut } from './relay-out.ts';

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

const MEMBERS = 200;
const SPEAKERS = 10;
const LIST = WHISPER_LIST_BIT + 1;
const LISTED = 32;
/** Above 32 bits, and its timestamp above 31: numbers that V8 can make objects of. */
const LATE_SEQUENCE = 2 ** 40 + 3_000_000;
/** A million datagrams take a second; a machine that others use takes longer. */
const TIMEOUT_MS = 60_000;

/** Datagrams until V8 has compiled the path for good; before it does, numbers are boxed. */
const WARM_UP = 100_000;
/**
 * Datagrams between two looks at the heap. Short, so that an allocation of the smallest object per datagram (16 bytes)
 * fits several times over into the young generation and shows before it is collected.
 */
const CHUNK = 100_000;
const CHUNKS = 10;
/** What looking at the heap and the test's runner take themselves, per chunk: not one byte per datagram. */
const SLACK_BYTES = 64 * 1024;

interface Sound {
  readonly bytes: Uint8Array;
  readonly source: Uint8Array;
}

/** A full room in which ten speak in turns, as fast as the others may hear them. */
class FullRoom {
  readonly relay: RecordedRelay;
  readonly channel: Sound[] = [];
  readonly whispers: Sound[] = [];
  /**
   * The clock when the next datagram comes. In an array of all kinds of things, where V8 keeps fractions as objects: the
   * test makes none while it runs, as the adapter that hands over one reading of its clock.
   */
  readonly #clock: (number | null)[] = [null];
  #playedMs = 1_000_000.125;
  #sent = 0;
  #kept: unknown = null;

  constructor() {
    const snapshot = freshSnapshot();
    const channels = snapshot.channels.map(({ info, passwordHash }) => ({
      info: { ...info, config: { ...info.config, maxMembers: MEMBERS } },
      passwordHash,
    }));
    this.relay = new RecordedRelay({ mac, maxMembers: MEMBERS, snapshot: { ...snapshot, channels } });
    const members = Array.from({ length: MEMBERS }, (_, at) => {
      // A quarter of an hour passes while they come: nobody is held up by limits.
      this.relay.nowMs += 4_000;
      const member = this.relay.enter(`Member ${at}`, { address: `192.0.2.${at}` });
      if (member === null) throw new Error(`member ${at} was refused`);
      this.relay.probe(member);
      return member;
    });
    const targets = members.slice(SPEAKERS, SPEAKERS + LISTED).map(({ token }) => token);
    for (const { lane, token, endpoint } of members.slice(0, SPEAKERS)) {
      this.relay.say(lane, { type: 'request', id: 1, request: { kind: 'whisperList', list: LIST, targets } });
      const source = packAddress(endpoint.address, endpoint.port);
      this.channel.push({ bytes: voiceDatagram(token, LATE_SEQUENCE), source });
      this.whispers.push({ bytes: voiceDatagram(token, LATE_SEQUENCE, 0, LIST), source });
    }
  }

  /** Counts what would be sent, and nothing else; `careless` keeps one object per fan-out. */
  out(careless: boolean): RelayOut {
    return {
      ...this.relay.out,
      fanOut: (_bytes, _lengthBytes, _addresses, count, skip) => {
        this.#sent += skip < 0 ? count : count - 1;
        if (careless) this.#kept = { count };
      },
    };
  }

  /**
   * @returns copies sent, and how much the heap changed in the median chunk: grown, or shrunk because what was made was
   *   collected. One chunk may see V8 compile, or collect what was there before
   */
  run(sounds: readonly Sound[], out: RelayOut): { bytes: number; sent: number } {
    this.#prepare(WARM_UP);
    this.#play(sounds, WARM_UP, out);
    this.#sent = 0;
    const grown: number[] = [];
    for (let chunk = 0; chunk < CHUNKS; chunk += 1) {
      this.#prepare(CHUNK);
      const before = getHeapStatistics().used_heap_size;
      this.#play(sounds, CHUNK, out);
      grown.push(getHeapStatistics().used_heap_size - before);
    }
    void this.#kept;
    const changes = grown.map(Math.abs).sort((a, b) => a - b);
    return { bytes: changes[CHUNKS / 2] ?? 0, sent: this.#sent };
  }

  /** Ten speakers in 20 ms: 50 datagrams a second from each. */
  #prepare(count: number): void {
    for (let at = 0; at < count; at += 1) {
      this.#playedMs += 2;
      this.#clock[at] = this.#playedMs;
    }
  }

  #play(sounds: readonly Sound[], count: number, out: RelayOut): void {
    const { engine } = this.relay;
    for (let at = 0; at < count; at += 1) {
      const sound = sounds[at % sounds.length];
      const nowMs = this.#clock[at];
      if (sound === undefined || typeof nowMs !== 'number')
        throw new Error('the test has prepared too little');
      engine.handleDatagram(sound.bytes, sound.bytes.length, sound.source, nowMs, out);
    }
  }
}

describe('forwarding a million datagrams', { timeout: TIMEOUT_MS }, () => {
  const room = new FullRoom();

  test('to a channel of 200 allocates nothing', () => {
    const { bytes, sent } = room.run(room.channel, room.out(false));
    expect(sent).toBe(CHUNKS * CHUNK * (MEMBERS - 1));
    expect(bytes).toBeLessThan(SLACK_BYTES);
  });

  test('to a list of 32 allocates nothing', () => {
    const { bytes, sent } = room.run(room.whispers, room.out(false));
    expect(sent).toBe(CHUNKS * CHUNK * LISTED);
    expect(bytes).toBeLessThan(SLACK_BYTES);
  });

  test('would be seen to allocate one small object per datagram', () => {
    expect(room.run(room.channel, room.out(true)).bytes).toBeGreaterThan(10 * SLACK_BYTES);
  });
});
