import { createSocket, type Socket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Rng } from '../../../src/core/base/rng.ts';
import { writeU32 } from '../../../src/core/wire/big-endian.ts';
import { MAX_DATAGRAM_BYTES } from '../../../src/core/wire/datagram.ts';
import { PROBE_DATAGRAM_BYTES } from '../../../src/core/wire/probe.ts';
import { type Attack, CounterWatch, STRANGERS } from '../attack.ts';
import { pick, randomBytes, whole } from '../chance.ts';
import { Rogue, voiceDatagram } from '../rogue.ts';

const DATAGRAMS = 100_000;

/** What the kernel had no place for is sent again, up to so many. */
const MAX_SENT = 200_000;

/** Sent in one go, and the time between two, in ms: 20,000 a second, a hundred times what the call itself makes. */
const BATCH = 100;
const BATCH_MS = 5;

/** One in so many is sent by a member from its bound address, so that it gets past the relay's door. */
const BY_MEMBER_EVERY = 250;

/** Bytes of noise that datagrams are cut from: drawing each anew would be most of the work. */
const POOL_BYTES = 65_536;

const COUNTED = ['keepAlives', 'probes', 'laneProbes', 'challenges', 'forwardedIn', 'whispersIn'];

function noiseDatagram(rng: Rng, pool: Uint8Array, tokens: readonly number[], probe: Uint8Array): Uint8Array {
  const length = whole(rng, MAX_DATAGRAM_BYTES + 200);
  const at = whole(rng, POOL_BYTES - length);
  const noise = pool.slice(at, at + length);
  const kind = whole(rng, 4);
  // Nothing but noise; noise under a token that exists; a header that is right; a probe with a bit turned.
  if (kind === 0) return noise;
  if (kind === 1) {
    if (noise.length >= 4) writeU32(noise, 0, pick(rng, tokens));
    return noise;
  }
  if (kind === 2) {
    const flags = pick(rng, [0, 0x10, 0x90, 0x18, 0x20, 0x08]);
    const fields = {
      token: pick(rng, tokens),
      flags,
      sequence: whole(rng, 2 ** 32),
      target: whole(rng, 2 ** 32),
    };
    return voiceDatagram(fields, noise.subarray(0, 200));
  }
  const copy = probe.slice();
  const bit = whole(rng, 8 * PROBE_DATAGRAM_BYTES);
  copy[bit >>> 3] = (copy[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

async function openSockets(): Promise<Socket[]> {
  return Promise.all(
    STRANGERS.map(async (address) => {
      const socket = createSocket('udp4');
      socket.on('error', () => undefined);
      await new Promise<void>((resolve) => socket.bind(0, address, resolve));
      return socket;
    }),
  );
}

export const fuzzDatagrams: Attack = {
  name: '100,000 random datagrams',
  expectation: 'each discarded and counted by reason; the totals balance',
  async run({ relay, honest, rng }, tally) {
    const member = await Rogue.enter(relay.port, STRANGERS[0], 'Noise');
    await member.bindVoice();
    const probe = member.probes.at(-1) ?? new Uint8Array(PROBE_DATAGRAM_BYTES);
    const pool = randomBytes(rng, POOL_BYTES);
    const tokens = [member.token, ...honest.members.map(({ token }) => token)];
    const sockets = await openSockets();
    const watch = await CounterWatch.begin(relay);
    const before = await relay.counters();
    const arrived = async (): Promise<number> =>
      ((await relay.counters())['received'] ?? 0) - (before['received'] ?? 0);
    const startMs = performance.now();
    let sent = 0;
    while (sent < MAX_SENT && (sent < DATAGRAMS || (await arrived()) < DATAGRAMS)) {
      for (let n = 0; n < BATCH; n += 1) {
        const datagram = noiseDatagram(rng, pool, tokens, probe);
        sent += 1;
        if (sent % BY_MEMBER_EVERY === 0) member.sendVoice(datagram);
        else sockets[sent % sockets.length]?.send(datagram, relay.port, '127.0.0.1');
      }
      await sleep(Math.max(0, startMs + (sent / BATCH) * BATCH_MS - performance.now()));
    }
    const seconds = (performance.now() - startMs) / 1_000;
    await sleep(300);
    const grown = await watch.end();
    tally.tries = sent;
    tally.figures['perSecond'] = Math.round(sent / seconds);
    tally.figures['arrived'] = grown('received');
    let balance = COUNTED.reduce((sum, name) => sum + grown(name), 0);
    for (const name of Object.keys(before)) {
      if (!name.startsWith('discard.')) continue;
      balance += grown(name);
      tally.count(name.slice('discard.'.length), grown(name));
    }
    tally.equal('datagrams counted', balance, grown('received'));
    tally.expect(grown('received') >= DATAGRAMS, `only ${grown('received')} datagrams arrived`);
    tally.equal('addresses bound', grown('binds'), 0);
    for (const socket of sockets) socket.close();
    member.leave();
    return undefined;
  },
};
