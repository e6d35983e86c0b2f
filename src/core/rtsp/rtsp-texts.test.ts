import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAuthorization } from './authorization.ts';
import { readRtspAddress } from './rtsp-address.ts';
import { answerBytes } from './rtsp-answer.ts';
import { describeSession } from './session-description.ts';
import { decodedPart, latin1Text, utf8Bytes } from './text-bytes.ts';
import { chooseTransport, MAX_ALTERNATIVES, transportText } from './transport-header.ts';

/** Short by default; FUZZ_RUNS=1000000 for a long night. */
const numRuns = Number(process.env['FUZZ_RUNS'] ?? 2_000);

describe('an address', () => {
  const named = (channel: string, key: string | null, track: number | null, base: string) => ({
    channel,
    key,
    track,
    base,
  });
  it.each([
    ['rtsp://h:8554/music', named('music', null, null, 'rtsp://h:8554/music')],
    ['RTSPS://h/music.ogg/', named('music', null, null, 'RTSPS://h/music.ogg')],
    ['rtsp://h/music/trackID=1', named('music', null, 1, 'rtsp://h/music')],
    ['rtsp://h/music/trackid=0/?key=a%2Bb', named('music', 'a+b', 0, 'rtsp://h/music')],
    ['rtsp://h/music?key=x/trackID=0', named('music', 'x', 0, 'rtsp://h/music')],
    ['rtsp://h/music?key=x/', named('music', 'x', null, 'rtsp://h/music')],
    ['rtsp://h/music/?a=b&KEY=x', named('music', 'x', null, 'rtsp://h/music')],
    ['/music?key', named('music', '', null, '/music')],
    ['rtsp://h/J%C3%A4ger%20stand', named('Jäger stand', null, null, 'rtsp://h/J%C3%A4ger%20stand')],
    ['rtsp://h/J\u00c3\u00a4ger', named('Jäger', null, null, 'rtsp://h/J\u00c3\u00a4ger')],
    ['rtsp://h/a%2Fb', named('a/b', null, null, 'rtsp://h/a%2Fb')],
  ])('%s', (text, address) => {
    expect(readRtspAddress(text)).toEqual(address);
  });

  it.each([
    '',
    '*',
    'rtsp://h',
    'rtsp://h/',
    'rtsp://h?key=x',
    'http://h/music',
    'rtsp://h/a/b',
    'rtsp://h/a/trackID=0/trackID=1',
    'rtsp://h/a/trackID=x',
    'rtsp://h/%ff',
  ])('names nothing: %s', (text) => {
    expect(readRtspAddress(text)).toBeNull();
  });

  it('of any text names something or nothing', () => {
    const part = fc.oneof(
      fc.constantFrom('/', '?', 'key=', 'trackID=', '%', '#', 'rtsp://', '&', '0'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const address = readRtspAddress(parts.join(''));
        if (address !== null) expect(address.channel).not.toBe('');
      }),
      { numRuns },
    );
  });
});

describe('a transport', () => {
  const all = { datagrams: true, usedChannels: new Set<number>() };
  const chosen = (header: string | undefined, offer = all): string => {
    const choice = chooseTransport(header, offer);
    return choice.ok ? transportText(choice.transport, 0xab, { rtp: 6_970, rtcp: 6_971 }) : choice.reason;
  };

  it.each([
    ['RTP/AVP/TCP;unicast;interleaved=2-3', 'RTP/AVP/TCP;unicast;interleaved=2-3;ssrc=000000AB'],
    ['RTP/AVP/TCP;unicast;interleaved=4', 'RTP/AVP/TCP;unicast;interleaved=4-5;ssrc=000000AB'],
    ['rtp/avp/tcp; interleaved = 0-1 ;mode="PLAY"', 'RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=000000AB'],
    ['RTP/AVP/TCP;unicast', 'RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=000000AB'],
    [
      'RTP/AVP;unicast;client_port=5000-5001',
      'RTP/AVP;unicast;client_port=5000-5001;server_port=6970-6971;ssrc=000000AB',
    ],
    [
      'RTP/AVP/UDP;unicast;client_port=5000;destination=192.0.2.7',
      'RTP/AVP/UDP;unicast;client_port=5000-5001;server_port=6970-6971;ssrc=000000AB',
    ],
    [
      'RTP/SAVP;unicast;client_port=5000-5001,RTP/AVP;multicast,RTP/AVP/TCP;interleaved=0-1',
      'RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=000000AB',
    ],
  ])('%s', (header, answer) => {
    expect(chosen(header)).toBe(answer);
  });

  it.each([
    ['transportMissing', undefined],
    ['transportMissing', ' '],
    ['transportUnsupported', 'RTP/AVP'],
    ['transportUnsupported', 'RTP/AVP;multicast;port=5000-5001'],
    ['transportUnsupported', 'RTP/AVP;unicast;client_port=80-81'],
    ['transportUnsupported', 'RTP/AVP;unicast;client_port=65535'],
    ['transportUnsupported', 'RTP/AVP;unicast;client_port=1e4'],
    ['transportUnsupported', 'RTP/AVP/TCP;interleaved=255'],
    ['transportUnsupported', 'RTP/AVP/TCP;interleaved=1-1'],
    ['transportUnsupported', 'RTP/AVP/TCP;unicast;interleaved=0-1;mode=record'],
    ['transportUnsupported', `${'x,'.repeat(MAX_ALTERNATIVES)}RTP/AVP/TCP;interleaved=0-1`],
  ])('is refused: %s, %s', (reason, header) => {
    expect(chosen(header)).toBe(reason);
  });

  it('takes other channels where another stream has them, and none without datagrams', () => {
    const offer = { datagrams: false, usedChannels: new Set([0, 1, 3]) };
    expect(chosen('RTP/AVP/TCP;interleaved=0-1', offer)).toContain('interleaved=4-5');
    expect(chosen('RTP/AVP;unicast;client_port=5000-5001', offer)).toBe('transportUnsupported');
    const full = {
      datagrams: true,
      usedChannels: new Set(Array.from({ length: 256 }, (_, channel) => channel)),
    };
    expect(chosen('RTP/AVP/TCP', full)).toBe('transportUnsupported');
  });

  it('of any header is one that may be had, or refused', () => {
    const part = fc.oneof(
      fc.constantFrom(
        'RTP/AVP',
        '/TCP',
        '/UDP',
        ';',
        ',',
        '=',
        '-',
        'client_port=',
        'interleaved=',
        'unicast',
        '"',
      ),
      fc.integer().map(String),
      fc.string({ maxLength: 6 }),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        const choice = chooseTransport(parts.join(''), all);
        if (!choice.ok) return;
        const { transport } = choice;
        if (transport.kind === 'datagrams') {
          expect(Math.min(transport.rtpPort, transport.rtcpPort)).toBeGreaterThanOrEqual(1_024);
          expect(Math.max(transport.rtpPort, transport.rtcpPort)).toBeLessThanOrEqual(65_535);
        } else {
          expect(Math.max(transport.rtpChannel, transport.rtcpChannel)).toBeLessThanOrEqual(255);
        }
      }),
      { numRuns },
    );
  });
});

describe('a login', () => {
  it('is read with quotes, escapes and blanks', () => {
    const read = readAuthorization('digest  username="a\\"b, c" ,nc=00000001, qop = auth,uri=""');
    expect(read?.scheme === 'digest' && [...read.parameters]).toEqual([
      ['username', 'a"b, c'],
      ['nc', '00000001'],
      ['qop', 'auth'],
      ['uri', ''],
    ]);
    expect(readAuthorization('Basic YTpi')).toEqual({ scheme: 'basic', credentials: 'YTpi' });
  });

  it.each([
    '',
    'Basic',
    'Basic a:b',
    'Bearer x',
    'Digest x',
    'Digest a=1,a=2',
    'Digest a="',
    `Digest ${'a'.repeat(5_000)}=1`,
    `Digest ${Array.from({ length: 25 }, (_, at) => `a${at}=1`).join(',')}`,
  ])('is none: %s', (header) => {
    expect(readAuthorization(header)).toBeNull();
  });

  it('of any text is read or refused, in time', () => {
    const part = fc.oneof(
      fc.constantFrom('"', '\\', ',', '=', ' ', 'nc', '\\"'),
      fc.string({ maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
        const read = readAuthorization(`Digest ${parts.join('')}`);
        if (read?.scheme === 'digest') expect(read.parameters.size).toBeLessThanOrEqual(24);
      }),
      { numRuns },
    );
  });
});

describe('a description', () => {
  const plain = { id: 5, name: 'Music', ipv6: false, title: '', stereo: false, packetMs: 20, picture: null };

  it('of sound is what RFC 7587 wants', () => {
    expect(describeSession(plain)).toBe(
      [
        'v=0',
        'o=- 5 1 IN IP4 127.0.0.1',
        's=Music',
        'c=IN IP4 0.0.0.0',
        't=0 0',
        'a=control:*',
        'a=range:npt=now-',
        'm=audio 0 RTP/AVP 97',
        'a=rtpmap:97 opus/48000/2',
        'a=fmtp:97 sprop-stereo=0',
        'a=ptime:20',
        'a=control:trackID=0',
        '',
      ].join('\r\n'),
    );
  });

  it('names the kind of address that the player came by', () => {
    const text = describeSession({ ...plain, ipv6: true });
    expect(text).toContain('o=- 5 1 IN IP6 ::1\r\n');
    expect(text).toContain('c=IN IP6 ::\r\n');
  });

  it('with pictures names their parameters where they are known', () => {
    const picture = ['6742c01e', '68ce3c80', '6588'].map((hex) => new Uint8Array(Buffer.from(hex, 'hex')));
    expect(describeSession({ ...plain, picture })).toContain(
      'm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n' +
        'a=fmtp:96 packetization-mode=1;profile-level-id=42C01E;sprop-parameter-sets=Z0LAHg==,aM48gA==\r\n' +
        'a=control:trackID=1\r\n',
    );
    expect(describeSession({ ...plain, picture: [] })).toContain('a=fmtp:96 packetization-mode=1\r\n');
  });

  it('cannot be extended by a name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (name, title) => {
        const text = describeSession({ ...plain, name: `${name}\r\nm=video`, title: `${title}\nk=x` });
        expect(text.match(/\r\n/g)?.length).toBe(13);
        expect(text).not.toMatch(/^(m=video|k=)/m);
      }),
      { numRuns: Math.min(numRuns, 300) },
    );
    expect(describeSession({ ...plain, name: '\n' })).toContain('s=-\r\n');
  });
});

describe('an answer', () => {
  it('says how long its body is, in bytes', () => {
    const bytes = answerBytes({ status: 200, headers: [['Session', 'x']], body: 'ä' }, '7');
    expect(Buffer.from(bytes).toString('utf8')).toBe(
      'RTSP/1.0 200 OK\r\nCSeq: 7\r\nSession: x\r\nContent-Length: 2\r\n\r\nä',
    );
    expect(Buffer.from(answerBytes({ status: 461 }, null)).toString()).toBe(
      'RTSP/1.0 461 Unsupported Transport\r\n\r\n',
    );
  });
});

describe('texts and bytes', () => {
  it('are UTF-8 as everybody writes it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(Buffer.from(utf8Bytes(text)).equals(Buffer.from(text, 'utf8'))).toBe(true);
        expect(decodedPart(latin1Text(utf8Bytes(text.replaceAll('%', ''))))).toBe(
          Buffer.from(text.replaceAll('%', ''), 'utf8').toString('utf8'),
        );
      }),
      { numRuns },
    );
    expect([...utf8Bytes('\ud800')]).toEqual([0xef, 0xbf, 0xbd]);
    expect(decodedPart('%zz')).toBeNull();
  });
});
