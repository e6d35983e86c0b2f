import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writeAnswer, writeCheckedPeer, writeOffer } from './own-description.ts';
import { MAX_CANDIDATES, PEER_REFUSALS, readOwnTransport, readPeer } from './peer-description.ts';
import { CHROMIUM_LISTENS, CHROMIUM_SPEAKS, STUDIO_SPEAKS } from './sample-descriptions.ts';
import { MAX_SDP_LENGTH, MAX_SECTIONS, readSdp } from './session-description.ts';

const OWN = readOwnTransport(STUDIO_SPEAKS.replace('a=setup:actpass', 'a=setup:active'));

function peerOf(sdp: string, role: 'hears' | 'speaks') {
  const reading = readPeer(sdp, role);
  if (!reading.ok) throw new Error(reading.reason);
  return reading.peer;
}

function ownTransport() {
  const own = readOwnTransport(STUDIO_SPEAKS);
  if (own === null) throw new Error('a sample is no description');
  return own;
}

describe('descriptions of peers', () => {
  test("a browser's offer to listen", () => {
    const peer = peerOf(CHROMIUM_LISTENS, 'hears');
    expect(peer).toMatchObject({ audioIndex: 1, mid: '1', payloadType: 111, ssrc: null, bundled: true });
    expect(peer.ice).toEqual({ ufrag: 'SJMj', pwd: 'Y/WOACgNTgCH46G7lro3rAqv' });
    // Its only address is a name, which nobody here looks up.
    expect(peer.candidates).toEqual([]);
  });

  test("a browser's offer to publish", () => {
    const peer = peerOf(CHROMIUM_SPEAKS, 'speaks');
    expect(peer).toMatchObject({ audioIndex: 0, mid: '0', payloadType: 111, ssrc: 1_355_051_173 });
    expect(peer.candidates.map(({ address }) => address)).toEqual(['192.0.2.7', '2001:db8::7']);
  });

  test('what stands at the top stands for all sections', () => {
    const peer = peerOf(STUDIO_SPEAKS, 'speaks');
    expect(peer).toMatchObject({ setup: 'actpass', ice: { ufrag: 'yoqD' }, ssrc: 822_342 });
    expect(peer.fingerprint.value).toMatch(/^(AB:){31}AB$/);
  });

  test.each([
    ['sdpMalformed', '', ''],
    ['sdpMalformed', 'v=0', 'v=1'],
    ['sdpMalformed', 'm=audio 44046', 'm=audio 99999999'],
    ['sdpNoAudio', 'm=audio', 'm=video'],
    ['sdpNoAudio', 'm=audio 44046', 'm=audio 0'],
    ['sdpNoOpus', 'opus/48000/2', 'opus/48000'],
    ['sdpNoOpus', 'UDP/TLS/RTP/SAVPF', 'RTP/AVP'],
    ['sdpWrongDirection', 'a=sendonly', 'a=recvonly'],
    ['sdpWrongDirection', 'a=sendonly', 'a=inactive'],
    ['sdpNoRtcpMux', 'a=rtcp-mux\r\n', ''],
    ['sdpNoMid', 'a=mid:0', 'a=mid:0 1'],
    ['sdpNoIce', 'a=ice-pwd:Y/WOACgNTgCH46G7lro3rAqv', 'a=ice-pwd:short'],
    ['sdpNoIce', 'a=ice-ufrag:SJMj', 'a=ice-ufrag:a b'],
    ['sdpNoFingerprint', 'a=fingerprint:sha-256 10:', 'a=fingerprint:sha-256 '],
    ['sdpNoFingerprint', 'a=fingerprint:sha-256', 'a=fingerprint:md5'],
    ['sdpBadSetup', 'a=setup:actpass', 'a=setup:holdconn'],
  ])('%s: %j instead of %j', (reason, before, after) => {
    const sdp = before === '' ? '' : CHROMIUM_SPEAKS.replace(before, after);
    expect(readPeer(sdp, 'speaks')).toEqual({ ok: false, reason });
  });

  test('line ends without their return are lines', () => {
    expect(readPeer(CHROMIUM_SPEAKS.replaceAll('\r\n', '\n'), 'speaks').ok).toBe(true);
    expect(readPeer(`${CHROMIUM_SPEAKS}\r\n\r\n`, 'speaks').ok).toBe(true);
  });

  test('a description may be as long as the limit, and no longer', () => {
    const padded = (length: number): string => {
      let text = CHROMIUM_SPEAKS;
      while (text.length + 1_000 < length) text += `a=x:${'y'.repeat(900)}\r\n`;
      return `${text}a=x:${'y'.repeat(length - text.length - 6)}\r\n`;
    };
    expect(readPeer(padded(MAX_SDP_LENGTH - 1), 'speaks').ok).toBe(true);
    expect(readPeer(padded(MAX_SDP_LENGTH), 'speaks').ok).toBe(true);
    expect(readPeer(padded(MAX_SDP_LENGTH + 1), 'speaks')).toEqual({ ok: false, reason: 'sdpTooLong' });
  });

  test('as many sections as the limit, and no more', () => {
    const section = 'm=video 9 UDP/TLS/RTP/SAVPF 96\r\n';
    const filled = CHROMIUM_SPEAKS + section.repeat(MAX_SECTIONS - 1);
    expect(peerOf(filled, 'speaks').sections).toHaveLength(MAX_SECTIONS);
    expect(readPeer(filled + section, 'speaks')).toEqual({ ok: false, reason: 'sdpTooManySections' });
  });

  test('more candidates than the limit are left out', () => {
    const line = (at: number): string => `a=candidate:1 1 udp 1 192.0.2.7 ${at + 1} typ host\r\n`;
    const many = Array.from({ length: MAX_CANDIDATES + 5 }, (_, at) => line(at)).join('');
    expect(peerOf(CHROMIUM_SPEAKS + many, 'speaks').candidates).toHaveLength(MAX_CANDIDATES);
  });
});

describe('what we answer and offer', () => {
  test('every section keeps its place; what we do not take is refused', () => {
    const answer = writeAnswer(peerOf(CHROMIUM_LISTENS, 'hears'), ownTransport(), {
      direction: 'sendonly',
      ssrc: 7,
      cname: 'c',
    });
    const read = readSdp(answer);
    expect(read.ok && read.session.sections.map(({ kind, port }) => [kind, port])).toEqual([
      ['video', 0],
      ['audio', 9],
    ]);
    expect(answer).toContain('a=group:BUNDLE 1\r\n');
    expect(answer).toContain('a=ssrc:7 cname:c\r\n');
    expect(answer.endsWith('\r\n')).toBe(true);
  });

  test('who asks for no bundle gets none', () => {
    const lone = peerOf(CHROMIUM_SPEAKS.replace('a=group:BUNDLE 0\r\n', ''), 'speaks');
    const answer = writeAnswer(lone, ownTransport(), { direction: 'recvonly', ssrc: null, cname: '' });
    expect(answer).not.toContain('BUNDLE');
  });

  test('what we offer can be read by those who listen to it', () => {
    const peer = peerOf(writeOffer(ownTransport(), 99, 'c'), 'speaks');
    expect(peer).toMatchObject({ setup: 'actpass', ssrc: 99, mid: '0', payloadType: 111 });
    expect(peer.candidates).toEqual(ownTransport().candidates);
  });

  test("our library's own text is understood", () => {
    expect(OWN).toMatchObject({ setup: 'active', ice: { ufrag: 'yoqD' } });
    expect(readOwnTransport('')).toBeNull();
    expect(readOwnTransport('v=0\r\n')).toBeNull();
  });
});

describe('fuzz', () => {
  const samples = [CHROMIUM_LISTENS, CHROMIUM_SPEAKS, STUDIO_SPEAKS];
  const piece = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.constantFrom('', 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=mid:0', 'a=candidate:', 'a=ssrc:99999999999 x'),
    fc.constantFrom(...samples.flatMap((sample) => sample.split('\r\n'))),
  );
  interface Change {
    readonly act: 'replace' | 'insert' | 'remove' | 'garble' | 'double';
    readonly at: number;
    readonly within: number;
    readonly piece: string;
  }
  const change: fc.Arbitrary<Change> = fc.record({
    act: fc.constantFrom<Change['act']>('replace', 'insert', 'remove', 'garble', 'double'),
    at: fc.nat({ max: 200 }),
    within: fc.nat({ max: 80 }),
    piece,
  });

  function changed(sample: string, changes: readonly Change[]): string {
    const lines = sample.split('\r\n');
    for (const { act, at, within, piece: text } of changes) {
      const index = at % Math.max(1, lines.length);
      const line = lines[index] ?? '';
      if (act === 'replace') lines[index] = text;
      else if (act === 'insert') lines.splice(index, 0, text);
      else if (act === 'remove') lines.splice(index, 1);
      else if (act === 'double') lines.splice(index, 0, line, line);
      else lines[index] = line.slice(0, within) + text + line.slice(within + 1);
    }
    return lines.join('\r\n');
  }

  test('whatever comes is refused for a reason, or leaves nothing but what was checked', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...samples),
        fc.array(change, { maxLength: 12 }),
        fc.constantFrom<'hears' | 'speaks'>('hears', 'speaks'),
        (sample, changes, role) => {
          const reading = readPeer(changed(sample, changes), role);
          if (!reading.ok) {
            expect(PEER_REFUSALS).toContain(reading.reason);
            return;
          }
          const { peer } = reading;
          const direction = role === 'hears' ? 'recvonly' : 'sendonly';
          const written = writeCheckedPeer(peer, direction);
          expect(written).toMatch(/^(?:[a-z]=[\x20-\x7e]+\r\n)+$/);
          const again = peerOf(written, role);
          expect(again).toMatchObject({
            mid: peer.mid,
            payloadType: peer.payloadType,
            ssrc: peer.ssrc,
            ice: peer.ice,
            fingerprint: peer.fingerprint,
            setup: peer.setup,
            candidates: peer.candidates,
          });
          const answer = writeAnswer(peer, ownTransport(), { direction: 'recvonly', ssrc: null, cname: '' });
          const read = readSdp(answer);
          expect(read.ok && read.session.sections.length).toBe(peer.sections.length);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('any text at all', () => {
    fc.assert(
      fc.property(
        fc.string({
          maxLength: 200,
          unit: fc.oneof(
            fc.nat({ max: 0xffff }).map((code) => String.fromCharCode(code)),
            fc.constantFrom(...'\r\n=:amv 019'),
          ),
        }),
        (text) => {
          readPeer(text, 'hears');
          readPeer(`v=0\n${text}`, 'speaks');
          readOwnTransport(text);
        },
      ),
    );
  });
});
