import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_SESSIONS } from './rtsp-desk.ts';
import { RIG_KEY, type RigConnection, RtspRig } from './rtsp-rig.ts';
import { TRANSCRIPTS } from './transcripts.ts';

/** Short by default; FUZZ_RUNS=1000000 for a long night. */
const numRuns = Number(process.env['FUZZ_RUNS'] ?? 300);

/** Every request is answered or refused, every packet read or dropped, every session goes one of three ways. */
function expectBalance({ parts }: RtspRig): void {
  const { counters } = parts;
  expect(counters.answered + counters.refused).toBe(counters.requests);
  expect(counters.packetsRead + counters.packetsDropped).toBe(counters.packets);
  expect(counters.sessionsTornDown + counters.sessionsExpired + counters.sessionsEnded).toBe(
    counters.sessions,
  );
}

function endAll(rig: RtspRig, players: readonly RigConnection[]): void {
  for (const player of players) player.connection.handleClosed(rig.nowMs, player);
  expectBalance(rig);
  expect(rig.programs.visits).toBe(0);
  for (const { program } of rig.programs.all()) expect(program.listeners).toBe(0);
  expect(rig.parts.routes.find('rtp', '192.0.2.1', 5_000, [])).toBeNull();
}

const method = fc.constantFrom(
  'OPTIONS',
  'DESCRIBE',
  'SETUP',
  'PLAY',
  'PAUSE',
  'GET_PARAMETER',
  'TEARDOWN',
  'RECORD',
);
const address = fc.constantFrom(
  'rtsp://h/music',
  'rtsp://h/music/',
  'rtsp://h/music/trackID=0',
  'rtsp://h/music/trackID=1',
  'rtsp://h/locked',
  `rtsp://h/link?key=${RIG_KEY}/trackID=0`,
  'rtsp://h/nothing',
  '*',
);
const transport = fc.constantFrom(
  'RTP/AVP/TCP;unicast;interleaved=0-1',
  'RTP/AVP/TCP;interleaved=2-3',
  'RTP/AVP;unicast;client_port=5000-5001',
  'RTP/AVP;multicast',
);
const session = fc.constantFrom('token-1', 'token-2', 'token-3', 'token-4', 'none');

type Act =
  | { readonly kind: 'ask'; readonly text: string }
  | { readonly kind: 'bytes'; readonly text: string }
  | { readonly kind: 'frames'; readonly count: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'backlog'; readonly bytes: number };

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(method, address, transport, fc.option(session)).map(([name, to, way, id]): Act => {
      const held = id === null ? '' : `Session: ${id}\r\n`;
      return { kind: 'ask', text: `${name} ${to} RTSP/1.0\r\nCSeq: 1\r\nTransport: ${way}\r\n${held}\r\n` };
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('$\x01\x00\x04\x80\xc9\x00\x00', '$\x01\x00\x02ab', 'OPT', '\r\n')
      .map((text): Act => ({ kind: 'bytes', text })),
  },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 20 }).map((count): Act => ({ kind: 'frames', count })) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 70_000 }).map((ms): Act => ({ kind: 'wait', ms })) },
  { weight: 1, arbitrary: fc.constantFrom(0, 100_000).map((bytes): Act => ({ kind: 'backlog', bytes })) },
);

describe('whatever players ask in whatever order', () => {
  it('is answered, and nothing is left of them', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: 1 }), act), { maxLength: 60 }), (acts) => {
        const rig = new RtspRig();
        const players = [rig.connect(), rig.connect()];
        for (const [at, what] of acts) {
          const player = players[at];
          if (player === undefined) continue;
          if (what.kind === 'ask' || what.kind === 'bytes') player.tell(what.text);
          else if (what.kind === 'frames') rig.publish(what.count);
          else if (what.kind === 'wait') player.wait(what.ms);
          else player.backlog = what.bytes;
          expect(player.seats).toBeLessThanOrEqual(MAX_SESSIONS);
          expectSessions(rig);
        }
        endAll(rig, players);
      }),
      { numRuns },
    );
  });
});

function expectSessions({ parts: { counters } }: RtspRig): void {
  const over = counters.sessionsTornDown + counters.sessionsExpired + counters.sessionsEnded;
  expect(over).toBeLessThanOrEqual(counters.sessions);
  expect(counters.sessions - over).toBeLessThanOrEqual(2 * MAX_SESSIONS);
}

describe('what players really send', () => {
  it('with anything changed and cut anywhere is answered or refused', () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 8 });
    fc.assert(
      fc.property(
        fc.constantFrom(...TRANSCRIPTS),
        changes,
        fc.array(fc.nat(), { maxLength: 8 }),
        (recorded, changed, cuts) => {
          const rig = new RtspRig();
          rig.publish(20);
          const player = rig.connect();
          const bytes = recorded.bytes.slice();
          for (const [at, byte] of changed) bytes[at % bytes.length] = byte;
          let from = 0;
          for (const to of [
            ...cuts.map((cut) => cut % bytes.length).sort((one, other) => one - other),
            bytes.length,
          ]) {
            player.connection.handleBytes(bytes.subarray(from, to), rig.nowMs, player);
            rig.publish(1);
            from = to;
          }
          endAll(rig, [player]);
        },
      ),
      { numRuns },
    );
  });
});
