import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type RecordedMember, RecordedRelay, voiceDatagram } from '../sim/recorded-relay.ts';
import { FLAG_CONTROL, FLAG_LAST, FLAG_WHISPER, MAX_DATAGRAM_BYTES } from '../wire/datagram.ts';
import { createProbe, decodeProbe, KIND_REPLY, PROBE_DATAGRAM_BYTES, verifyProbe } from '../wire/probe.ts';
import { MAX_DATAGRAM_BURST, MAX_DATAGRAMS_PER_SECOND, MAX_STRANGER_PROBES_PER_SECOND } from './room.ts';

const numRuns = Number(process.env.FUZZ_RUNS ?? 100);

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();
const elsewhere = { address: '203.0.113.5', port: 5 };

interface Room {
  readonly relay: RecordedRelay;
  readonly members: readonly [RecordedMember, RecordedMember, RecordedMember];
}

/** Three members in one channel, all bound. */
function startRoom(): Room {
  const relay = new RecordedRelay({ mac });
  const enter = (nickname: string): RecordedMember => {
    const member = relay.enter(nickname);
    if (member === null) throw new Error('refused');
    relay.probe(member);
    return member;
  };
  const members = [enter('Anna'), enter('Ben'), enter('Cleo')] as const;
  relay.datagrams.length = 0;
  return { relay, members };
}

/** Ports of those who were sent something since the last look. */
function recipients(relay: RecordedRelay): number[] {
  return relay.datagrams.splice(0).map((datagram) => datagram.to.port);
}

function expectBalance(relay: RecordedRelay): void {
  const stats = relay.engine.stats();
  let discarded = 0;
  for (const [name, count] of Object.entries(stats)) if (name.startsWith('discard.')) discarded += count;
  const { received, keepAlives, probes, forwardedIn } = stats;
  expect(received).toBe((keepAlives ?? 0) + (probes ?? 0) + (forwardedIn ?? 0) + discarded);
}

describe('voice', () => {
  test('goes unchanged to everybody in the channel but the speaker', () => {
    const { relay, members } = startRoom();
    const [anna, ben, cleo] = members;
    const voice = voiceDatagram(anna.token, 7, FLAG_LAST);
    relay.send(voice, anna.endpoint);
    expect(relay.datagrams).toEqual([
      { bytes: voice, to: ben.endpoint },
      { bytes: voice, to: cleo.endpoint },
    ]);
    expect(relay.engine.stats()).toMatchObject({ forwardedIn: 1, forwardedOut: 2, probes: 3, received: 4 });
  });

  test('follows joins, leaves, deafness and departures', () => {
    const { relay, members } = startRoom();
    const [anna, ben, cleo] = members;
    const heardBy = (): number[] => {
      relay.send(voiceDatagram(anna.token, 1), anna.endpoint);
      return recipients(relay);
    };
    relay.say(ben.lane, { type: 'join', channel: 2 });
    expect(heardBy()).toEqual([cleo.endpoint.port]);
    relay.say(ben.lane, { type: 'join', channel: 1 });
    expect(heardBy().sort()).toEqual([ben.endpoint.port, cleo.endpoint.port].sort());
    relay.say(cleo.lane, { type: 'state', muted: false, deafened: true });
    expect(heardBy()).toEqual([ben.endpoint.port]);
    relay.say(ben.lane, { type: 'bye' });
    expect(heardBy()).toEqual([]);
    relay.say(cleo.lane, { type: 'state', muted: true, deafened: false });
    expect(heardBy()).toEqual([cleo.endpoint.port]);
    relay.say(anna.lane, { type: 'leave' });
    expect(heardBy()).toEqual([]);
    expect(relay.engine.stats()['discard.notInChannel']).toBe(1);
    relay.send(voiceDatagram(ben.token, 1), ben.endpoint);
    expect(relay.engine.stats()['discard.unknownToken']).toBe(1);
  });

  test('is sent to nobody whose address is unknown, and taken from nobody before a probe', () => {
    const { relay, members } = startRoom();
    const [anna] = members;
    const dora = relay.enter('Dora');
    if (dora === null) throw new Error('refused');
    relay.send(voiceDatagram(dora.token, 1), dora.endpoint);
    expect(recipients(relay)).toEqual([]);
    relay.send(voiceDatagram(anna.token, 1), anna.endpoint);
    expect(recipients(relay)).not.toContain(dora.endpoint.port);
    relay.probe(dora);
    relay.datagrams.length = 0;
    relay.send(voiceDatagram(anna.token, 2), anna.endpoint);
    expect(recipients(relay)).toContain(dora.endpoint.port);
    expect(relay.engine.stats()['discard.notBound']).toBe(1);
  });

  test('from another address or port is dropped and does not use up the speaker’s allowance', () => {
    const { relay, members } = startRoom();
    const [anna] = members;
    for (let sequence = 0; sequence < 2 * MAX_DATAGRAM_BURST; sequence += 1) {
      relay.send(voiceDatagram(anna.token, sequence), { ...anna.endpoint, port: 1 });
      relay.send(voiceDatagram(anna.token, sequence), { ...anna.endpoint, address: '192.0.2.2' });
    }
    expect(recipients(relay)).toEqual([]);
    relay.send(voiceDatagram(anna.token, 0), anna.endpoint);
    expect(recipients(relay).length).toBe(2);
    expect(relay.engine.stats()['discard.wrongAddress']).toBe(4 * MAX_DATAGRAM_BURST);
  });

  test('beyond the rate is dropped; the others’ is not', () => {
    const { relay, members } = startRoom();
    const [anna, ben] = members;
    // The bound probe took nothing: strangers have a bucket of their own.
    for (let sequence = 0; sequence < MAX_DATAGRAM_BURST + 1; sequence += 1) {
      relay.send(voiceDatagram(anna.token, sequence), anna.endpoint);
    }
    expect(relay.engine.stats()).toMatchObject({ forwardedIn: MAX_DATAGRAM_BURST, 'discard.rateLimited': 1 });
    relay.send(voiceDatagram(ben.token, 1), ben.endpoint);
    expect(relay.engine.stats()).toMatchObject({ forwardedIn: MAX_DATAGRAM_BURST + 1 });
    relay.nowMs += 1_000;
    for (let sequence = 0; sequence < MAX_DATAGRAM_BURST; sequence += 1) {
      relay.send(voiceDatagram(anna.token, sequence), anna.endpoint);
    }
    expect(relay.engine.stats().forwardedIn).toBe(MAX_DATAGRAM_BURST + 1 + MAX_DATAGRAMS_PER_SECOND);
  });

  test('that whispers is dropped until whispers exist', () => {
    const { relay, members } = startRoom();
    relay.send(voiceDatagram(members[0].token, 1, FLAG_WHISPER), members[0].endpoint);
    expect(recipients(relay)).toEqual([]);
    expect(relay.engine.stats()['discard.whisperUnsupported']).toBe(1);
  });

  test.each([
    [MAX_DATAGRAM_BYTES - 1, 2],
    [MAX_DATAGRAM_BYTES, 2],
    [MAX_DATAGRAM_BYTES + 1, 0],
  ])('of %i bytes goes to %i', (length, count) => {
    const { relay, members } = startRoom();
    const bytes = new Uint8Array(length);
    bytes.set(voiceDatagram(members[0].token, 1));
    relay.send(bytes, members[0].endpoint);
    expect(recipients(relay).length).toBe(count);
  });

  test('of no bytes at all is a keep-alive', () => {
    const { relay, members } = startRoom();
    relay.send(new Uint8Array(0), members[0].endpoint);
    relay.send(new Uint8Array(0), elsewhere);
    expect(recipients(relay)).toEqual([]);
    expect(relay.engine.stats().keepAlives).toBe(2);
  });
});

describe('probes', () => {
  test('are answered, under the same key, with the same clock', () => {
    const { relay, members } = startRoom();
    const [anna] = members;
    relay.probe(anna, anna.endpoint, 123_456_789_012);
    const [reply] = relay.datagrams;
    const decoded = createProbe();
    expect(reply?.to).toEqual(anna.endpoint);
    const bytes = reply?.bytes ?? new Uint8Array();
    expect(decodeProbe(bytes, bytes.length, decoded)).toEqual({ ok: true });
    expect(decoded).toEqual({ kind: KIND_REPLY, clockMicroseconds: 123_456_789_012 });
    expect(verifyProbe(bytes, bytes.length, anna.pathKey, mac)).toBe(true);
  });

  test('move the voice path; replays, older clocks and strangers’ keys do not', () => {
    const { relay, members } = startRoom();
    const [anna, ben] = members;
    const seen = relay.probe(anna, anna.endpoint, 1_000);
    relay.datagrams.length = 0;
    relay.send(seen, elsewhere);
    relay.probe(anna, elsewhere, 999);
    relay.probe({ ...anna, pathKey: ben.pathKey }, elsewhere, 2_000);
    const reply = seen.slice();
    reply[16] = KIND_REPLY;
    relay.send(reply, elsewhere);
    expect(relay.datagrams).toEqual([]);
    expect(relay.engine.stats()).toMatchObject({
      binds: 3,
      'discard.probeReplayed': 2,
      'discard.probeForged': 1,
      'discard.probeIsReply': 1,
    });
    relay.probe(anna, elsewhere, 1_001);
    relay.datagrams.length = 0;
    relay.send(voiceDatagram(ben.token, 1), ben.endpoint);
    expect(relay.datagrams.map((datagram) => datagram.to)).toContainEqual(elsewhere);
    relay.send(voiceDatagram(anna.token, 1), anna.endpoint);
    expect(relay.engine.stats()).toMatchObject({ binds: 4, 'discard.wrongAddress': 1 });
  });

  test('of a stranger cost few MACs and leave the owner’s alone', () => {
    const { relay, members } = startRoom();
    const [anna] = members;
    const noKey = { ...anna, pathKey: new Uint8Array(32) };
    for (let count = 0; count < 500; count += 1) relay.probe(noKey, elsewhere);
    // The owner's own first probe took one.
    expect(relay.engine.stats()['discard.probeForged']).toBe(MAX_STRANGER_PROBES_PER_SECOND - 1);
    relay.datagrams.length = 0;
    relay.probe(anna);
    expect(recipients(relay)).toEqual([anna.endpoint.port]);
  });
});

test('whatever arrives, every datagram is accounted for', { timeout: 10_000 + 100 * numRuns }, () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 80, size: 'max' }),
    fc.uint8Array({ minLength: MAX_DATAGRAM_BYTES - 1, maxLength: MAX_DATAGRAM_BYTES + 2, size: 'max' }),
  );
  const step = fc.record({
    what: fc.constantFrom(
      'raw',
      'voice',
      'whisper',
      'probe',
      'mutated',
      'control',
      'empty',
      'move',
      'deafen',
      'wait',
    ),
    who: fc.nat(2),
    own: fc.boolean(),
    bytes,
    at: fc.nat(PROBE_DATAGRAM_BYTES - 1),
    value: fc.nat(255),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const { relay, members } = startRoom();
      for (const { what, who, own, bytes: raw, at, value } of steps) {
        const member = members[who] ?? members[0];
        const from = own ? member.endpoint : elsewhere;
        const voice = voiceDatagram(member.token, at, what === 'whisper' ? FLAG_WHISPER : 0);
        if (what === 'raw') relay.send(raw, from);
        else if (what === 'voice' || what === 'whisper') relay.send(voice, from);
        else if (what === 'probe') relay.probe(member, from);
        else if (what === 'empty') relay.send(new Uint8Array(0), from);
        else if (what === 'move') relay.say(member.lane, { type: 'join', channel: 1 + (value % 2) });
        else if (what === 'deafen') relay.say(member.lane, { type: 'state', muted: false, deafened: own });
        else if (what === 'wait') relay.nowMs += value;
        else {
          const mutated = what === 'control' ? new Uint8Array(PROBE_DATAGRAM_BYTES) : voice;
          if (what === 'control') mutated.set(voice);
          if (what === 'control') mutated[4] = FLAG_CONTROL;
          mutated[at % mutated.length] = value;
          relay.send(mutated, from);
        }
        expectBalance(relay);
      }
      const { forwardedOut = 0, probes = 0, forwardedIn = 0 } = relay.engine.stats();
      expect(forwardedOut).toBeLessThanOrEqual(2 * forwardedIn);
      // Answers of the three first probes were taken off the record.
      expect(relay.datagrams.length).toBe(forwardedOut + probes - 3);
    }),
    { numRuns },
  );
});
