import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_CANDIDATE_LENGTH, readCandidate, withPublicAddresses, writeCandidate } from './ice-candidate.ts';
import { readFragment } from './ice-fragment.ts';

describe('candidates', () => {
  test.each([
    'candidate:1 1 UDP 2114977791 127.0.0.1 48481 typ host',
    'candidate:842163049 1 UDP 1677729535 203.0.113.9 41191 typ srflx raddr 0.0.0.0 rport 0',
    'candidate:2 1 UDP 2116026111 fd00::2 59319 typ host',
    'candidate:a+/ 1 UDP 41885439 2001:db8::1 3478 typ relay raddr :: rport 0',
  ])('%s is written as it is read', (line) => {
    const candidate = readCandidate(line);
    expect(candidate === null ? null : writeCandidate(candidate)).toBe(line);
  });

  test('an attribute is read as its value is', () => {
    const line = 'candidate:1 1 udp 1 192.0.2.1 9 typ host generation 0 ufrag abcd network-id 1';
    expect(readCandidate(`a=${line}`)).toEqual(readCandidate(line));
  });

  test.each([
    '',
    'candidate:1 2 UDP 1 192.0.2.1 9 typ host',
    'candidate:1 1 TCP 1 192.0.2.1 9 typ host tcptype active',
    'candidate:1 1 UDP 1 9b9f8f0d-3b77-431e-bcd0-c204541a6763.local 9 typ host',
    'candidate:1 1 UDP 1 relay.example 9 typ host',
    'candidate:1 1 UDP 1 192.0.2.1 0 typ host',
    'candidate:1 1 UDP 1 192.0.2.1 65536 typ host',
    'candidate:1 1 UDP 4294967296 192.0.2.1 9 typ host',
    'candidate:1 1 UDP 1 192.0.2.256 9 typ host',
    'candidate:1 1 UDP 1 192.0.2 9 typ host',
    'candidate:1 1 UDP 1 0192.0.2.1 9 typ host',
    'candidate:1 1 UDP 1 224.0.0.1 9 typ host',
    'candidate:1 1 UDP 1 255.255.255.255 9 typ host',
    'candidate:1 1 UDP 1 0.0.0.0 9 typ host',
    'candidate:1 1 UDP 1 :: 9 typ host',
    'candidate:1 1 UDP 1 ff02::1 9 typ host',
    'candidate:1 1 UDP 1 1::2::3 9 typ host',
    'candidate:1 1 UDP 1 1:2:3:4:5:6:7 9 typ host',
    'candidate:1 1 UDP 1 192.0.2.1 9 typ other',
  ])('%j is of no use', (line) => expect(readCandidate(line)).toBeNull());

  test('a line may be as long as the limit, and no longer', () => {
    const line = (length: number): string => 'candidate:1 1 UDP 1 192.0.2.1 9 typ host '.padEnd(length, 'x');
    expect(readCandidate(line(MAX_CANDIDATE_LENGTH))).not.toBeNull();
    expect(readCandidate(line(MAX_CANDIDATE_LENGTH + 1))).toBeNull();
  });

  test('the addresses others reach us by stand behind our own, with the same port', () => {
    const own = [
      {
        foundation: '1',
        priority: 2_114_977_791,
        address: '192.168.0.2',
        port: 50_000,
        type: 'host' as const,
      },
    ];
    const all = withPublicAddresses(own, ['203.0.113.5', '192.168.0.2', 'a name', '2001:db8::5']);
    expect(all.map(({ address, port }) => [address, port])).toEqual([
      ['192.168.0.2', 50_000],
      ['203.0.113.5', 50_000],
      ['2001:db8::5', 50_000],
    ]);
    const priorities = all.map(({ priority }) => priority);
    expect(priorities).toEqual([...priorities].sort((one, other) => other - one));
    expect(all.every((candidate) => readCandidate(writeCandidate(candidate)) !== null)).toBe(true);
  });

  test('whatever is read is written as something that reads the same', () => {
    const word = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.ipV4(),
      fc.ipV6(),
      fc.nat().map(String),
      fc.constantFrom('1', 'UDP', 'udp', 'typ', 'host', 'srflx'),
    );
    const likely = fc
      .tuple(word, word, fc.oneof(fc.ipV4(), fc.ipV6(), word), word)
      .map(([one, two, three, four]) => `candidate:${one} 1 udp ${two} ${three} ${four} typ host`);
    fc.assert(
      fc.property(
        fc.oneof(
          likely,
          fc.array(word).map((words) => words.join(' ')),
        ),
        (line) => {
          const candidate = readCandidate(line);
          if (candidate !== null) expect(readCandidate(writeCandidate(candidate))).toEqual(candidate);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('fragments', () => {
  const fragment = [
    'a=group:BUNDLE 0 1',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    'a=mid:0',
    'a=ice-ufrag:EsAw',
    'a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1',
    'a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1',
    'a=candidate:3471623853 1 udp 2122194687 198.51.100.2 61765 typ host generation 0 ufrag EsAw network-id 2',
    'a=candidate:473322822 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active generation 0 ufrag EsAw network-id 1',
    'a=end-of-candidates',
    '',
  ].join('\r\n');

  test('candidates of a peer, and whose they are', () => {
    const reading = readFragment(fragment);
    expect(reading).toMatchObject({
      ok: true,
      fragment: {
        ice: { ufrag: 'EsAw', pwd: 'P2uYro0UCOQ4zxjKXaWCBui1' },
        candidates: [{ port: 61_764 }, { port: 61_765 }],
        endOfCandidates: true,
      },
    });
  });

  test('nothing at all is a fragment without candidates', () => {
    expect(readFragment('')).toEqual({
      ok: true,
      fragment: { ice: null, candidates: [], endOfCandidates: false },
    });
  });

  test('what is no description is none in part either', () => {
    expect(readFragment('candidate')).toEqual({ ok: false, reason: 'sdpMalformed' });
  });

  test('any text is read or refused', () => {
    fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => void readFragment(text)));
  });
});
