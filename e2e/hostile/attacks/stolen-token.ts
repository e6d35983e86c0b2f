import { createSocket } from 'node:dgram';
import type { SeqNo, SessionToken } from '../../../src/core/base/brand.ts';
import { readU32 } from '../../../src/core/wire/big-endian.ts';
import { FLAG_SEALED } from '../../../src/core/wire/datagram.ts';
import {
  createProbe,
  encodeProbe,
  PATH_KEY_BYTES,
  PROBE_DATAGRAM_BYTES,
} from '../../../src/core/wire/probe.ts';
import { type Attack, CounterWatch, STRANGERS } from '../attack.ts';
import { randomBytes } from '../chance.ts';
import { mac, Rogue, voiceDatagram } from '../rogue.ts';

const COPIES = 300;
const INVENTED = 200;
const FORGED_PROBES = 60;
const REPLAYED_PROBES = 20;

/** A probe under a key that the relay never gave out, with a clock ahead of every honest one. */
function forgedProbe(token: number, pathKey: Uint8Array, clockMicroseconds: number): Uint8Array {
  const bytes = new Uint8Array(PROBE_DATAGRAM_BYTES);
  const probe = { ...createProbe(), clockMicroseconds };
  encodeProbe(probe, token as SessionToken, 1 as SeqNo, pathKey, mac, bytes);
  return bytes;
}

export const stolenToken: Attack = {
  name: 'stolen token from another address',
  expectation: 'voice: wrongAddress; probes: probeForged, rateLimited or probeReplayed; nothing is bound',
  async run({ relay, honest, rng }, tally) {
    const [victim] = honest.members;
    if (victim === undefined) throw new Error('there is nobody to steal from');
    const spy = await Rogue.enter(relay.port, STRANGERS[0], 'Spy');
    await spy.bindVoice();
    const stolen = (): Uint8Array[] =>
      spy.voice.map(({ bytes }) => bytes).filter((bytes) => readU32(bytes, 0) === victim.token);
    await spy.until('voice of the victim', () => stolen().length >= 50);
    const copies = stolen();
    const thief = createSocket('udp4');
    await new Promise<void>((resolve) => thief.bind(0, STRANGERS[1], resolve));
    const answers: Buffer[] = [];
    thief.on('message', (bytes) => answers.push(bytes));
    const send = (bytes: Uint8Array): void => thief.send(bytes, relay.port, '127.0.0.1');

    const watch = await CounterWatch.begin(relay);
    for (let n = 0; n < COPIES; n += 1) send(copies[n % copies.length] ?? new Uint8Array());
    for (let n = 0; n < INVENTED; n += 1) {
      const fields = { token: victim.token, flags: FLAG_SEALED, sequence: 1_000_000 + n };
      send(voiceDatagram(fields, randomBytes(rng, 97)));
    }
    const ownKey = randomBytes(rng, PATH_KEY_BYTES);
    for (let n = 0; n < FORGED_PROBES; n += 1) send(forgedProbe(victim.token, ownKey, 2 ** 50 + n));
    // The spy's newest probe, as somebody on the path may have seen it: it must not move the spy's own path here.
    const seen = spy.probes.at(-1) ?? new Uint8Array();
    for (let n = 0; n < REPLAYED_PROBES; n += 1) send(seen);
    const wrong = COPIES + INVENTED;
    await watch.moves('discard.wrongAddress', wrong);
    await watch.moves('discard.probeReplayed', REPLAYED_PROBES);
    const grown = await watch.end();

    tally.tries = wrong + FORGED_PROBES + REPLAYED_PROBES;
    for (const reason of ['wrongAddress', 'probeForged', 'rateLimited', 'probeReplayed'])
      tally.count(reason, grown(`discard.${reason}`));
    tally.equal('voice from the wrong address', grown('discard.wrongAddress'), wrong);
    tally.equal(
      'probes under another key',
      grown('discard.probeForged') + grown('discard.rateLimited'),
      FORGED_PROBES,
    );
    tally.equal('replayed probes', grown('discard.probeReplayed'), REPLAYED_PROBES);
    tally.equal('addresses bound', grown('binds'), 0);
    tally.equal('datagrams that came back to the thief', answers.length, 0);
    thief.close();
    spy.leave();
    return undefined;
  },
};
