import { describe, expect, it } from 'vitest';
import { readRtcp } from '../rtp/rtcp-reading.ts';
import { readRtpPacket } from '../rtp/rtp-packet.ts';
import { MAX_BACKLOG_BYTES, MAX_IDLE_MS, MAX_MESSAGE_MS } from './rtsp-connection.ts';
import { MAX_SESSIONS } from './rtsp-desk.ts';
import { opusPacket, type RigConnection, RtspRig } from './rtsp-rig.ts';
import { SESSION_TIMEOUT_SECONDS } from './rtsp-session.ts';

const MUSIC = 'rtsp://h/music';
const TCP = { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' };
const UDP = { Transport: 'RTP/AVP;unicast;client_port=5000-5001' };

const statusIn = (answer: string): number => Number(/^RTSP\/1\.0 (\d{3}) /.exec(answer)?.[1] ?? 0);
const headerIn = (answer: string, name: string): string =>
  new RegExp(`^${name}: (.*)\r$`, 'm').exec(answer)?.[1] ?? '';

function setUp(player: RigConnection, headers: Record<string, string> = TCP, address = MUSIC): string {
  return headerIn(player.ask('SETUP', `${address}/trackID=0`, headers), 'Session').split(';')[0] ?? '';
}

function playing(rig: RtspRig, headers: Record<string, string> = TCP): RigConnection {
  const player = rig.connect();
  const Session = setUp(player, headers);
  expect(statusIn(player.ask('PLAY', `${MUSIC}/`, { Session }))).toBe(200);
  return player;
}

interface Received {
  readonly channel: number;
  readonly packet: Uint8Array;
}

/** Packets inside a connection, in the order they came. */
function packetsOf(player: RigConnection): Received[] {
  return player.takeChunks().flatMap((chunk) => {
    return chunk[0] === 0x24 ? [{ channel: chunk[1] ?? 0, packet: chunk.subarray(4) }] : [];
  });
}

function rtpOf(packet: Uint8Array) {
  const reading = readRtpPacket(packet);
  if (!reading.ok) throw new Error(reading.reason);
  return reading;
}

describe('methods', () => {
  it('are told, without anybody being asked who it is', () => {
    const answer = new RtspRig().connect().ask('OPTIONS', '*');
    expect(answer).toBe(
      'RTSP/1.0 200 OK\r\nCSeq: 7\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, TEARDOWN\r\n\r\n',
    );
  });

  it.each([
    [501, 'RECORD', MUSIC, {}],
    [501, 'options', MUSIC, {}],
    [551, 'OPTIONS', MUSIC, { Require: 'com.example.odd' }],
    [404, 'DESCRIBE', 'rtsp://h/nothing', {}],
    [404, 'DESCRIBE', '*', {}],
    [406, 'DESCRIBE', MUSIC, { Accept: 'text/html' }],
    [404, 'SETUP', `${MUSIC}/trackID=1`, TCP],
    [400, 'SETUP', MUSIC, {}],
    [461, 'SETUP', MUSIC, { Transport: 'RTP/AVP;multicast' }],
    [454, 'SETUP', MUSIC, { ...TCP, Session: 'another' }],
    [454, 'PLAY', MUSIC, {}],
    [454, 'PAUSE', MUSIC, { Session: 'another' }],
    [454, 'TEARDOWN', MUSIC, { Session: '' }],
    [454, 'GET_PARAMETER', MUSIC, { Session: 'another' }],
    [400, 'OPTIONS', '*', { CSeq: 'x' }],
  ])('are refused with %i: %s %s %o', (status, method, address, headers) => {
    const rig = new RtspRig();
    const player = rig.connect();
    expect(statusIn(player.ask(method, address, headers))).toBe(status);
    expect([player.ended, rig.parts.counters.refused]).toEqual([null, 1]);
  });

  it.each([
    [505, 'OPTIONS * RTSP/2.0\r\nCSeq: 1\r\n\r\n'],
    [505, 'GET / HTTP/1.1\r\nCSeq: 1\r\n\r\n'],
    [400, 'nonsense\r\n\r\n'],
    [413, 'x'.repeat(70_000)],
  ])('end the connection with %i', (status, text) => {
    const player = new RtspRig().connect();
    expect(statusIn(player.tell(text))).toBe(status);
    expect(player.ended).toBe('malformed');
    expect(player.ask('OPTIONS', '*')).toBe('');
  });

  it('are answered one behind the other, as they came', () => {
    const player = new RtspRig().connect();
    const text = [1, 2, 3]
      .map((cseq) => `OPTIONS * RTSP/1.0\r\nCSeq: ${cseq}\r\n\r\n`)
      .join('$\x05\x00\x01z');
    expect(player.tell(text).match(/CSeq: \d/g)).toEqual(['CSeq: 1', 'CSeq: 2', 'CSeq: 3']);
  });
});

describe('a description', () => {
  it('is given whether anything is on or not, with the address that tracks are below', () => {
    const rig = new RtspRig();
    const answer = rig.connect().ask('DESCRIBE', `${MUSIC}?x=y`, { Accept: 'application/sdp' });
    expect(headerIn(answer, 'Content-Base')).toBe('rtsp://h/music/');
    expect(answer).toContain('a=fmtp:97 sprop-stereo=1\r\na=control:trackID=0\r\n');
    expect(Number(headerIn(answer, 'Content-Length'))).toBe(answer.split('\r\n\r\n')[1]?.length);
    rig.publish(1);
    expect(rig.connect().ask('DESCRIBE', MUSIC)).toContain('a=ptime:20\r\n');
  });
});

describe('a player', () => {
  it('is sent the newest 200 ms at once, as announced, with a report before them', () => {
    const rig = new RtspRig();
    rig.publish(100);
    const player = rig.connect();
    const Session = setUp(player);
    player.connection.handleBytes(
      new Uint8Array(Buffer.from(`PLAY ${MUSIC}/ RTSP/1.0\r\nCSeq: 3\r\nSession: ${Session}\r\n\r\n`)),
      rig.nowMs,
      player,
    );
    const [answer, ...chunks] = player.takeChunks();
    const info = headerIn(Buffer.from(answer ?? []).toString(), 'RTP-Info');
    expect(chunks.map((chunk) => chunk[1])).toEqual([1, ...Array.from({ length: 10 }, () => 0)]);
    const packets = chunks.slice(1).map((chunk) => rtpOf(chunk.subarray(4)));
    const [first] = packets;
    expect(info).toBe(
      `url=${MUSIC}/trackID=0;seq=${first?.header.sequence};rtptime=${first?.header.timestamp}`,
    );
    for (const [at, { header, payload }] of packets.entries()) {
      expect(payload).toEqual(opusPacket(90 + at));
      expect(header.marker).toBe(at === 0);
      expect(header.sequence).toBe(((first?.header.sequence ?? 0) + at) % 65_536);
      expect(header.timestamp).toBe(((first?.header.timestamp ?? 0) + 960 * at) % 2 ** 32);
    }
  });

  it('waits where nothing is on, and is sent what was announced', () => {
    const rig = new RtspRig();
    const player = rig.connect();
    const Session = setUp(player);
    const info = headerIn(player.ask('PLAY', MUSIC, { Session }), 'RTP-Info');
    rig.publish(1);
    const { header } = rtpOf(packetsOf(player)[1]?.packet ?? new Uint8Array());
    expect(info).toContain(`;seq=${header.sequence};rtptime=${header.timestamp}`);
  });

  it('stops and goes on live, with the clock running', () => {
    const rig = new RtspRig();
    const player = playing(rig);
    rig.publish(5);
    const before = rtpOf(packetsOf(player).at(-1)?.packet ?? new Uint8Array()).header;
    const Session = [...rig.programs.all()].length > 0 ? 'token-1' : '';
    expect(statusIn(player.ask('PAUSE', MUSIC, { Session }))).toBe(200);
    expect(player.seats).toBe(0);
    rig.publish(100);
    expect(player.take()).toBe('');
    player.ask('PLAY', MUSIC, { Session });
    rig.publish(1);
    const { header } = rtpOf(packetsOf(player).at(-1)?.packet ?? new Uint8Array());
    expect(header.timestamp).toBe((before.timestamp + 101 * 960) % 2 ** 32);
    expect(header.sequence).toBe((before.sequence + 11) % 65_536);
  });

  it('is told the time anew when it goes on', () => {
    const rig = new RtspRig();
    rig.publish(20);
    const player = playing(rig);
    player.take();
    player.ask('PAUSE', MUSIC, { Session: 'token-1' });
    const text = player.ask('PLAY', MUSIC, { Session: 'token-1' });
    expect(text.split('\r\n\r\n')[1]?.slice(0, 2)).toBe('$\x01');
  });

  it('hears of losses by the numbers, and of a new publisher by the clock', () => {
    const rig = new RtspRig();
    const player = playing(rig);
    rig.publish(2);
    player.backlog = 100_000;
    rig.publish(3);
    player.backlog = 0;
    rig.publish(1);
    rig.feed.end();
    rig.nowMs += 10_000;
    const feed = rig.begin(1);
    if (feed === null) throw new Error('nobody else publishes');
    rig.publish(1, feed);
    const headers = packetsOf(player)
      .filter(({ channel }) => channel === 0)
      .map(({ packet }) => rtpOf(packet).header);
    const [first = { sequence: 0, timestamp: 0 }] = headers;
    expect(headers.map(({ sequence }) => (sequence - first.sequence + 65_536) % 65_536)).toEqual([
      0, 1, 5, 6,
    ]);
    expect(headers.map(({ timestamp }) => (timestamp - first.timestamp + 2 ** 32) % 2 ** 32)).toEqual([
      0,
      960,
      4_800,
      4_800 + 481 * 1_000 - 40,
    ]);
    expect(headers.map(({ marker }) => marker)).toEqual([true, false, true, true]);
  });

  it('is sent reports every five seconds, and a goodbye', () => {
    const rig = new RtspRig();
    const player = playing(rig);
    rig.publish(1);
    player.take();
    player.wait(11_000);
    expect(packetsOf(player).map(({ channel }) => channel)).toEqual([1, 1]);
    player.connection.handleBytes(
      new Uint8Array(Buffer.from(`TEARDOWN ${MUSIC} RTSP/1.0\r\nCSeq: 9\r\nSession: token-1\r\n\r\n`)),
      rig.nowMs,
      player,
    );
    const [goodbye, answer] = player.takeChunks();
    expect(readRtcp(goodbye?.subarray(4) ?? new Uint8Array())).toMatchObject({ ok: true, bye: true });
    expect(statusIn(Buffer.from(answer ?? []).toString())).toBe(200);
    expect([player.seats, rig.programs.program(1)?.listeners]).toEqual([0, 0]);
  });

  it('has its way, once it plays', () => {
    const rig = new RtspRig();
    const player = playing(rig);
    expect(statusIn(player.ask('SETUP', `${MUSIC}/trackID=0`, { ...TCP, Session: 'token-1' }))).toBe(455);
    expect(statusIn(player.ask('PLAY', MUSIC, { Session: 'token-1' }))).toBe(200);
    expect(statusIn(player.ask('SETUP', 'rtsp://h/link', TCP))).toBe(459);
    expect(rig.programs.program(1)?.frames.size).toBe(1);
  });

  it('has so many sessions, each on channels of its own', () => {
    const player = new RtspRig().connect();
    for (let made = 0; made < MAX_SESSIONS; made += 1)
      expect(headerIn(player.ask('SETUP', MUSIC, TCP), 'Transport')).toContain(
        `interleaved=${2 * made}-${2 * made + 1};`,
      );
    expect(statusIn(player.ask('SETUP', MUSIC, TCP))).toBe(453);
  });
});

describe('datagrams', () => {
  it('go to the ports that the player named, from the ports it was told', () => {
    const rig = new RtspRig();
    rig.publish(1);
    const player = rig.connect();
    const answer = player.ask('SETUP', MUSIC, { Transport: `${UDP.Transport};destination=192.0.2.99` });
    expect(headerIn(answer, 'Transport')).toMatch(
      /^RTP\/AVP;unicast;client_port=5000-5001;server_port=6970-6971;ssrc=/,
    );
    player.ask('PLAY', MUSIC, { Session: 'token-1' });
    expect(player.datagrams.map(({ kind, port }) => `${kind} ${port}`)).toEqual(['rtcp 5001', 'rtp 5000']);
  });

  it('are refused over TLS, where nobody may read along', () => {
    const player = new RtspRig().connect({ address: '192.0.2.1', secure: true, private: true });
    expect(statusIn(player.ask('SETUP', MUSIC, UDP))).toBe(461);
  });

  it('keep a session while reports come, and not longer', () => {
    const rig = new RtspRig();
    const player = playing(rig, UDP);
    const report = new Uint8Array(Buffer.from('80c9000100000009', 'hex'));
    player.wait(50_000);
    const found = rig.parts.routes.find('rtcp', '192.0.2.1', 5_001, []);
    found?.owner.handleDatagram(found.endpoint, 'rtcp', report, rig.nowMs);
    player.wait(50_000);
    expect(player.seats).toBe(1);
    player.wait(SESSION_TIMEOUT_SECONDS * 1_000);
    expect([player.seats, rig.parts.counters.sessionsExpired]).toEqual([0, 1]);
    expect(rig.parts.routes.find('rtcp', '192.0.2.1', 5_001, [])).toBeNull();
    player.wait(MAX_IDLE_MS);
    expect(player.ended).toBe('idle');
    expect(rig.programs.visits).toBe(0);
  });
});

describe('a connection', () => {
  it('ends when a message takes too long, and when nothing is asked', () => {
    const rig = new RtspRig();
    const slow = rig.connect();
    slow.tell('OPTI');
    slow.wait(MAX_MESSAGE_MS - 1);
    slow.tell('ONS');
    expect(slow.ended).toBeNull();
    slow.wait(1);
    expect(slow.ended).toBe('requestTooSlow');
    const idle = rig.connect();
    idle.wait(MAX_IDLE_MS - 1);
    idle.ask('OPTIONS', '*');
    idle.wait(MAX_IDLE_MS - 1);
    expect(idle.ended).toBeNull();
    idle.wait(1);
    expect(idle.ended).toBe('idle');
  });

  it('ends when too much is asked, or the answers are not taken', () => {
    const rig = new RtspRig();
    const eager = rig.connect();
    for (let asked = 0; asked < 100; asked += 1) expect(statusIn(eager.ask('OPTIONS', '*'))).toBe(200);
    expect(statusIn(eager.ask('OPTIONS', '*'))).toBe(429);
    expect(eager.ended).toBe('tooManyRequests');
    const deaf = rig.connect();
    deaf.backlog = MAX_BACKLOG_BYTES + 1;
    deaf.ask('OPTIONS', '*');
    expect(deaf.ended).toBe('answersNotTaken');
  });

  it('plays on without a word while it takes what it is sent', () => {
    const rig = new RtspRig();
    const player = playing(rig);
    player.wait(600_000);
    expect([player.ended, player.seats]).toEqual([null, 1]);
  });

  it('ends with its sessions when nobody may hear any longer', () => {
    const rig = new RtspRig();
    const player = playing(rig);
    rig.publish(1);
    player.take();
    rig.setChannels((channels) => channels.slice(1));
    expect([player.ended, player.seats, rig.programs.visits]).toEqual(['revoked', 0, 0]);
    expect(readRtcp(packetsOf(player)[0]?.packet ?? new Uint8Array())).toMatchObject({ bye: true });
  });

  it('gives its place back when the player closes it', () => {
    const rig = new RtspRig();
    const player = playing(rig);
    expect(rig.programs.visits).toBe(1);
    player.connection.handleClosed(rig.nowMs, player);
    expect([player.seats, rig.programs.visits, player.ended]).toEqual([0, 0, null]);
  });
});

describe('pictures', () => {
  it('are offered where there are any, and begin with a key', () => {
    const rig = new RtspRig();
    const key = ['6742c01e', '68ce3c80', '6588'].map((hex) => new Uint8Array(Buffer.from(hex, 'hex')));
    const unit = (ticks: number, isKey: boolean) => ({ units: key, ticks, key: isKey, atMs: rig.nowMs });
    rig.feed.accessUnit(unit(-900, true));
    rig.publish(20);
    const player = rig.connect();
    expect(player.ask('DESCRIBE', MUSIC)).toContain('m=video 0 RTP/AVP 96');
    expect(statusIn(player.ask('SETUP', MUSIC, TCP))).toBe(459);
    const Session = setUp(player);
    expect(
      statusIn(
        player.ask('SETUP', `${MUSIC}/trackID=1`, { Transport: 'RTP/AVP/TCP;interleaved=2-3', Session }),
      ),
    ).toBe(200);
    expect(statusIn(player.ask('PLAY', `${MUSIC}/trackID=1`, { Session }))).toBe(460);
    const text = player.ask('PLAY', `${MUSIC}/`, { Session });
    const [, rtptime] = /trackID=1;seq=\d+;rtptime=(\d+)/.exec(text) ?? [];
    // Sound since the key: 20 frames, more than the 200 ms without pictures.
    expect(text.split('$\0').length - 1).toBeGreaterThanOrEqual(20);
    rig.feed.accessUnit(unit(3_000, false));
    rig.feed.accessUnit(unit(6_000, true));
    const headers = packetsOf(player)
      .filter(({ channel }) => channel === 2)
      .map(({ packet }) => rtpOf(packet).header);
    expect(headers.map(({ marker }) => marker)).toEqual([false, true, false, true]);
    expect(headers[0]?.timestamp).toBe((Number(rtptime) + 3_000) % 2 ** 32);
  });
});
