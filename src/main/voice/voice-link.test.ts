import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SeqNo, SessionToken } from '../../core/base/brand.ts';
import { chaosPresets } from '../../core/chaos/chaos-presets.ts';
import { CHAOS_OFF, type ChaosSettings } from '../../core/chaos/chaos-settings.ts';
import { parseTrace } from '../../core/chaos/trace-document.ts';
import type { VoicePath } from '../../core/wire/control.ts';
import { createHeader, encodeHeader, FLAG_CONTROL, FLAGS_OFFSET } from '../../core/wire/datagram.ts';
import { createProbe, decodeProbe, encodeProbe, KIND_REPLY, type Mac } from '../../core/wire/probe.ts';
import { ChaosLine } from './chaos-line.ts';
import { VoiceLink } from './voice-link.ts';

const TOKEN = 0xdead_beef;
const PATH_KEY = Uint8Array.from({ length: 32 }, (_, at) => at);
const ADDRESS = '192.0.2.77';
const PORT = 48_480;
const FRAME_MS = 20;
const SPOKEN = 'sealed voice of somebody';
const mac: Mac = (key, data) => createHmac('sha256', key).update(data).digest();

interface Leaving {
  readonly number: number;
  readonly atMs: number;
}

/** A link, and a relay behind it that answers each probe at once. */
class Rig {
  readonly left: Leaving[] = [];
  readonly paths: VoicePath[] = [];
  readonly link: VoiceLink;
  probes = 0;
  closed = 0;
  #spoken = 0;
  readonly #datagram = new Uint8Array(100);

  constructor(chaos?: ChaosLine) {
    this.link = new VoiceLink({
      address: ADDRESS,
      port: PORT,
      token: TOKEN,
      pathKey: PATH_KEY,
      mac,
      openTransport: (_address, _port, onDatagram) => ({
        counters: {},
        send: (bytes, lengthBytes) => this.#handle(bytes, lengthBytes, onDatagram),
        close: () => {
          this.closed += 1;
        },
      }),
      ...(chaos === undefined ? {} : { chaos }),
      onVoice: () => undefined,
      sendLane: () => undefined,
      onDidChangePath: (path) => this.paths.push(path),
    });
  }

  setChaos(settings: Partial<ChaosSettings>, seed = 1): void {
    this.link.setChaos({ ...CHAOS_OFF, ...settings }, seed);
  }

  speak(count: number): void {
    for (let sent = 0; sent < count; sent += 1) {
      const header = createHeader();
      header.token = TOKEN as SessionToken;
      header.sequence = this.#spoken as SeqNo;
      this.#spoken += 1;
      const at = encodeHeader(header, this.#datagram);
      this.#datagram.set(new TextEncoder().encode(SPOKEN), at);
      this.link.sendDatagram(this.#datagram, this.#datagram.length);
      vi.advanceTimersByTime(FRAME_MS);
    }
  }

  #handle(
    bytes: Uint8Array,
    lengthBytes: number,
    answer: (bytes: Uint8Array, lengthBytes: number) => void,
  ): void {
    if (((bytes[FLAGS_OFFSET] ?? 0) & FLAG_CONTROL) === 0) {
      this.left.push({ number: bytes[11] ?? 0, atMs: performance.now() });
      return;
    }
    this.probes += 1;
    const probe = createProbe();
    expect(decodeProbe(bytes, lengthBytes, probe)).toEqual({ ok: true });
    probe.kind = KIND_REPLY;
    const reply = new Uint8Array(64);
    const replyBytes = encodeProbe(probe, TOKEN as SessionToken, this.probes as SeqNo, PATH_KEY, mac, reply);
    // The transport has not been handed to the link yet when it sends its first probe.
    setTimeout(() => answer(reply, replyBytes), 0);
  }
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('VoiceLink with chaos', () => {
  it('costs nothing while it is off: no counters, no timer, each datagram at once', () => {
    const rig = new Rig();
    vi.advanceTimersByTime(10);
    const timers = vi.getTimerCount();
    const startMs = performance.now();
    rig.speak(3);
    expect(rig.left.map(({ atMs }) => atMs - startMs)).toEqual([0, 20, 40]);
    expect(vi.getTimerCount()).toBe(timers);
    expect(rig.link.counters()['chaos']).toEqual({});
    rig.link.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('delays voice and probes alike, so that the ping tells the truth', () => {
    const rig = new Rig();
    rig.setChaos({ latencyMs: 150 });
    const startMs = performance.now();
    rig.speak(1);
    expect(rig.left).toEqual([]);
    vi.advanceTimersByTime(200);
    expect(rig.left.map(({ atMs }) => Math.round(atMs - startMs))).toEqual([150]);
    vi.advanceTimersByTime(30_000);
    expect(rig.link.pingMs).toBeGreaterThan(145);
    expect(rig.link.pingMs).toBeLessThan(160);
    rig.link.close();
  });

  it('acts at once, and lets go of what it holds when it is switched off', () => {
    const rig = new Rig();
    rig.setChaos({ latencyMs: 2_000 });
    rig.speak(5);
    expect(rig.left).toEqual([]);
    rig.setChaos({});
    expect(rig.left.map(({ number }) => number)).toEqual([0, 1, 2, 3, 4]);
    rig.speak(1);
    expect(rig.left).toHaveLength(6);
    rig.link.close();
  });

  it('loses the same packets for the same seed, each time that it is switched on', () => {
    const lost = (seed: number): number[] => {
      const rig = new Rig();
      rig.setChaos({ lossPercent: 40 }, 1);
      rig.speak(10);
      rig.setChaos({});
      rig.setChaos({ lossPercent: 40 }, seed);
      rig.left.length = 0;
      rig.speak(40);
      rig.link.close();
      return rig.left.map(({ number }) => number);
    };
    expect(lost(5)).toEqual(lost(5));
    expect(lost(5)).not.toEqual(lost(6));
  });

  it.each(chaosPresets.filter(({ settings }) => settings.lossPercent + settings.burstLossPercent < 20))(
    'does not take the path for dead, nor for deaf: $name for five minutes',
    ({ settings }) => {
      const rig = new Rig();
      rig.setChaos(settings);
      let deafSeconds = 0;
      for (let second = 0; second < 300; second += 1) {
        rig.speak(50);
        if (rig.link.deafForMs(performance.now()) !== null) deafSeconds += 1;
      }
      expect(rig.paths).toEqual([]);
      expect(rig.link.alive).toBe(true);
      expect(deafSeconds).toBeLessThan(5);
      rig.link.close();
    },
  );

  it('takes a line that loses everything for dead', () => {
    const rig = new Rig();
    rig.speak(100);
    rig.setChaos({ lossPercent: 100 });
    rig.speak(400);
    expect(rig.paths).toEqual(['lane']);
    rig.link.close();
  });

  it('accounts for each datagram in its counters', () => {
    const rig = new Rig();
    rig.setChaos({
      lossPercent: 20,
      latencyMs: 60,
      duplicatePercent: 10,
      burstLossPercent: 5,
      burstLength: 3,
    });
    rig.speak(500);
    const {
      received = 0,
      copied = 0,
      passed,
      lost = 0,
      burstLost = 0,
      held = 0,
    } = rig.link.counters()['chaos'] ?? {};
    expect(received + copied).toBe((passed ?? 0) + lost + burstLost + held);
    expect(passed).toBe(rig.left.length + rig.probes - 1);
    expect(Math.min(copied, lost, burstLost, held)).toBeGreaterThan(0);
    rig.link.close();
  });

  it('sends nothing that is held through a socket that was closed', () => {
    const rig = new Rig();
    rig.setChaos({ latencyMs: 500 });
    rig.speak(3);
    rig.link.close();
    vi.advanceTimersByTime(1_000);
    expect([rig.left.length, rig.closed, vi.getTimerCount()]).toEqual([0, 1, 0]);
  });

  it('goes on with settings, recording and replay over a new link', () => {
    const chaos = new ChaosLine();
    const first = new Rig(chaos);
    first.setChaos({ latencyMs: 110 });
    first.link.startTrace();
    first.speak(10);
    first.link.close();
    const second = new Rig(chaos);
    second.speak(10);
    expect([first.left.length, second.left.length]).toEqual([5, 5]);
    const { packets } = chaos.stopTrace();
    // Voice, and at least the first probe of the second link.
    expect(packets).toBeGreaterThan(20);
    second.link.close();
  });
});

describe('VoiceLink with traces', () => {
  function recorded(): string {
    const rig = new Rig();
    rig.setChaos({ lossPercent: 20, latencyMs: 40, jitterMs: 20 }, 9);
    rig.link.startTrace();
    rig.speak(200);
    const { text, packets } = rig.link.stopTrace();
    expect(packets).toBeGreaterThan(200);
    rig.link.close();
    return text;
  }

  it('exports no voice, no address, no token and no key: sizes and times only', () => {
    const text = recorded();
    const body = text.replace('{"format":"sidetone-trace","version":1,"datagrams":', '');
    expect(body).toMatch(/^[\d.,\n[\]null}]+$/);
    const secrets = [ADDRESS, String(PORT), String(TOKEN), TOKEN.toString(16), SPOKEN];
    for (const encoding of ['hex', 'base64'] as const) {
      secrets.push(Buffer.from(PATH_KEY).toString(encoding), Buffer.from(SPOKEN).toString(encoding));
    }
    for (const secret of secrets) expect(text).not.toContain(secret);
    // Each datagram has three or four numbers, and no exact size.
    const rows = JSON.parse(text).datagrams as number[][];
    for (const row of rows) expect([3, 4]).toContain(row.length);
    expect(new Set(rows.map((row) => (row[1] ?? 0) % 32))).toEqual(new Set([0]));
  });

  it('replays what it recorded, packet by packet', () => {
    const result = parseTrace(recorded());
    if (!result.ok) throw new Error(result.sentence);
    const rig = new Rig();
    vi.advanceTimersByTime(300);
    rig.link.replay(result.trace);
    const startMs = performance.now();
    rig.speak(1);
    vi.advanceTimersByTime(400);
    const first = result.trace.delaysMs[0] ?? Number.NaN;
    expect(rig.left.map(({ atMs }) => atMs - startMs)).toEqual(
      Number.isNaN(first) ? [] : [expect.closeTo(first, -0.5)],
    );
    rig.link.replay(null);
    rig.left.length = 0;
    rig.speak(2);
    expect(rig.left).toHaveLength(2);
    rig.link.close();
  });

  it('gives an empty recording when none was begun', () => {
    const rig = new Rig();
    expect(rig.link.stopTrace().packets).toBe(0);
    rig.link.close();
  });
});
