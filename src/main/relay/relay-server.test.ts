import { createHmac } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { SeqNo, SessionToken } from '../../core/base/brand.ts';
import { PathEngine } from '../../core/session/path-engine.ts';
import { MAX_CONTROL_LENGTH, PROTOCOL_VERSION, type RelayMessage } from '../../core/wire/control.ts';
import { createHeader, encodeHeader } from '../../core/wire/datagram.ts';
import { loadOrCreateCertificate, type RelayCertificate } from './certificate.ts';
import { type ListeningSockets, listen } from './listen.ts';
import { RelayServer } from './relay-server.ts';
import { defaultChannels } from './room-defaults.ts';

const mac = (key: Uint8Array, bytes: Uint8Array): Uint8Array =>
  createHmac('sha256', key).update(bytes).digest();

/** A member made of bare sockets. */
class RawMember {
  readonly lane: WebSocket;
  readonly udp: Socket = createSocket('udp4');
  readonly voice: Buffer[] = [];
  readonly #port: number;
  readonly #messages: RelayMessage[] = [];
  #arrived: () => void = () => undefined;
  #closed = false;
  token = 0 as SessionToken;

  constructor(port: number) {
    this.#port = port;
    this.lane = new WebSocket(`wss://127.0.0.1:${port}/`, { rejectUnauthorized: false });
    this.lane.on('message', (text) => {
      this.#messages.push(JSON.parse(String(text)) as RelayMessage);
      this.#arrived();
    });
    this.lane.on('error', () => undefined);
    this.udp.on('message', (bytes) => {
      this.voice.push(bytes);
      this.#arrived();
    });
  }

  async next(type: RelayMessage['type']): Promise<RelayMessage> {
    for (;;) {
      const index = this.#messages.findIndex((message) => message.type === type);
      if (index >= 0) return this.#messages.splice(0, index + 1).at(-1) as RelayMessage;
      await this.moved();
    }
  }

  moved(): Promise<void> {
    return new Promise((resolve) => {
      this.#arrived = resolve;
    });
  }

  async enter(nickname: string): Promise<void> {
    await once(this.lane, 'open');
    this.lane.send(JSON.stringify({ type: 'hello', protocol: PROTOCOL_VERSION, nickname }));
    const welcome = await this.next('welcome');
    if (welcome.type !== 'welcome') throw new Error('no welcome');
    this.token = welcome.token as SessionToken;
    const pathKey = new Uint8Array(Buffer.from(welcome.pathKey, 'base64url'));
    const path = new PathEngine({ token: welcome.token, pathKey, mac });
    path.handleStart(performance.now(), {
      sendDatagram: (bytes, length) => this.send(bytes.slice(0, length)),
    });
    await this.moved();
    this.voice.length = 0;
  }

  send(bytes: Uint8Array): void {
    this.udp.send(bytes, this.#port, '127.0.0.1');
  }

  say(sequence: number, payload: Uint8Array): Buffer {
    const header = createHeader();
    header.token = this.token;
    header.sequence = sequence as SeqNo;
    const datagram = Buffer.alloc(64);
    const offset = encodeHeader(header, datagram);
    datagram.set(payload, offset);
    const bytes = datagram.subarray(0, offset + payload.length);
    this.send(bytes);
    return bytes;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.lane.terminate();
    this.udp.close();
  }
}

describe('RelayServer on real sockets', () => {
  let folder = '';
  let certificate: RelayCertificate;
  let sockets: ListeningSockets;
  let server: RelayServer;
  const members: RawMember[] = [];

  function admit(): RawMember {
    const member = new RawMember(sockets.port);
    members.push(member);
    return member;
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sidetone-relay-'));
    certificate = await loadOrCreateCertificate(folder);
    sockets = await listen(certificate, 0);
    server = new RelayServer({ sockets, roomName: 'Test', maxMembers: 10, channels: defaultChannels() });
  });
  afterAll(async () => {
    for (const member of members) member.close();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('keeps its certificate, readable by its owner alone', async () => {
    expect(await loadOrCreateCertificate(folder)).toEqual(certificate);
    expect(statSync(join(folder, 'relay-certificate.json')).mode & 0o777).toBe(0o600);
  });

  it('forwards the exact bytes to the others and not to the sender, and tells who is there', async () => {
    const ada = admit();
    await ada.enter('Ada');
    const bob = admit();
    await bob.enter('Bob');
    expect(await ada.next('memberJoined')).toMatchObject({ member: { nickname: 'Bob' } });
    const sent = ada.say(0, Uint8Array.of(1, 2, 3));
    while (bob.voice.length === 0) await bob.moved();
    expect(bob.voice).toEqual([sent]);
    expect(ada.voice).toEqual([]);
    bob.close();
    expect(await ada.next('memberLeft')).toMatchObject({ token: bob.token });
  });

  it('refuses, with a sentence, what is no message, and drops what is no datagram; the others go on', async () => {
    const eve = admit();
    await once(eve.lane, 'open');
    eve.lane.send('{"type":"rob"}');
    expect(await eve.next('refused')).toMatchObject({ code: 'badMessage' });
    eve.send(Uint8Array.of(1, 2, 3));
    eve.send(Buffer.alloc(2_000, 1));
    eve.send(Buffer.alloc(0));
    const carol = admit();
    await carol.enter('Carol');
    const dave = admit();
    await dave.enter('Dave');
    const sent = carol.say(0, Uint8Array.of(9));
    while (dave.voice.length === 0) await dave.moved();
    expect(dave.voice).toEqual([sent]);
    expect(server.counters()).toMatchObject({ keepAlives: 1 });
  });

  it('cuts a lane that sends more than a message may hold, or binary', async () => {
    const loud = admit();
    await once(loud.lane, 'open');
    loud.lane.send('x'.repeat(MAX_CONTROL_LENGTH + 1));
    await once(loud.lane, 'close');
    const binary = admit();
    await once(binary.lane, 'open');
    binary.lane.send(Buffer.alloc(4));
    await once(binary.lane, 'close');
    expect(server.counters().binaryMessages).toBe(1);
  });

  it('says which port is taken', async () => {
    await expect(listen(certificate, sockets.port)).rejects.toMatchObject({ failure: 'portInUse' });
  });
});
