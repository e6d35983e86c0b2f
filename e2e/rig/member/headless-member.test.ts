import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Lane } from '../../../src/main/app/ports.ts';
import { ControlLane } from '../../../src/main/control/control-lane.ts';
import { loadOrCreateCertificate } from '../../../src/main/relay/certificate.ts';
import { listen } from '../../../src/main/relay/listen.ts';
import { RelayDatabase } from '../../../src/main/relay/relay-database.ts';
import { RelayServer } from '../../../src/main/relay/relay-server.ts';
import { defaultChannels } from '../../../src/main/relay/room-defaults.ts';
import { UdpTransport } from '../../../src/main/voice/udp-transport.ts';
import { HeadlessMember, type HeadlessMemberOptions } from './headless-member.ts';

const MIGRATIONS = join(import.meta.dirname, '../../../resources/migrations/relay');

/** Longest wait for anything between two members on one machine, in ms. */
const PATIENCE = { timeout: 10_000, interval: 20 };

let folder = '';
let closers: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidetone-members-'));
  closers = [];
});
afterEach(async () => {
  for (const close of closers.reverse()) await close();
  rmSync(folder, { recursive: true, force: true });
});

/** A relay on the files of this test, as its worker builds it. */
async function openRelay(port = 0) {
  const database = new RelayDatabase({ path: join(folder, 'relay.db'), migrationsFolder: MIGRATIONS });
  const certificate = await loadOrCreateCertificate(folder);
  const sockets = await listen(certificate, port);
  const server = new RelayServer({
    sockets,
    snapshot: database.snapshot(defaultChannels()),
    store: database,
    roomName: 'Room',
    maxMembers: 10,
    ownerIdentity: null,
  });
  let open = true;
  const close = async (reason: 'closing' | 'restarting'): Promise<void> => {
    if (!open) return;
    open = false;
    await server.close(reason);
    database.close();
  };
  closers.push(() => close('closing'));
  return { port: sockets.port, certificateSha256: certificate.sha256, close };
}

type Relay = Awaited<ReturnType<typeof openRelay>>;

/** A network whose UDP can be cut, and whose lanes can be broken. */
class Network {
  udpBlocked = false;
  #lane: Lane | null = null;
  #breakLane: () => void = () => undefined;

  readonly openTransport: NonNullable<HeadlessMemberOptions['openTransport']> = (
    address,
    port,
    onDatagram,
  ) => {
    const transport = new UdpTransport(address, port, (bytes, lengthBytes) => {
      if (!this.udpBlocked) onDatagram(bytes, lengthBytes);
    });
    return {
      counters: transport.counters,
      send: (bytes, lengthBytes) => {
        if (!this.udpBlocked) transport.send(bytes, lengthBytes);
      },
      close: () => transport.close(),
    };
  };

  readonly openLane: NonNullable<HeadlessMemberOptions['openLane']> = (request) => {
    const lane = new ControlLane(request);
    this.#lane = lane;
    this.#breakLane = () => {
      lane.close();
      request.onDidClose('closed');
    };
    return lane;
  };

  breakLane(): void {
    if (this.#lane !== null) this.#breakLane();
  }
}

async function enter(relay: Relay, nickname: string, network = new Network()) {
  const heard: { from: number; target: number; text: string }[] = [];
  const member = new HeadlessMember({
    nickname,
    openTransport: network.openTransport,
    openLane: network.openLane,
    onHeard: (from, target, payload) => heard.push({ from, target, text: Buffer.from(payload).toString() }),
  });
  closers.push(() => member.leave());
  expect(await member.join(relay)).toEqual({ ok: true });
  const speaking = setInterval(() => member.voice.speak(Buffer.from(nickname)), 20);
  closers.push(() => clearInterval(speaking));
  /** Waits until something newly said by `who` arrives. */
  const hears = async (who: string): Promise<void> => {
    heard.length = 0;
    await expect.poll(() => heard.some(({ text }) => text === who), PATIENCE).toBe(true);
  };
  return { member, network, heard, hears };
}

describe('two members at a relay, over real sockets', () => {
  it('hear each other, sealed, and agree on the codes', async () => {
    const relay = await openRelay();
    const ada = await enter(relay, 'Ada');
    const bob = await enter(relay, 'Bob');
    await ada.hears('Bob');
    await bob.hears('Ada');
    expect(Buffer.from(ada.member.voice.lastDatagram ?? []).includes('Ada')).toBe(false);
    const sealing = (who: typeof ada) => who.member.room.keys.describe(performance.now());
    expect(sealing(ada)).toEqual(sealing(bob));
    expect(sealing(ada)).toMatchObject({ state: 'sealed', strangers: 0 });
    expect(ada.member.identity.safetyCode(bob.member.identity.publicKey)).toBe(
      bob.member.identity.safetyCode(ada.member.identity.publicKey),
    );
  });

  it('talk through the control lane while UDP is blocked, and go back to UDP', async () => {
    const relay = await openRelay();
    const blocked = new Network();
    blocked.udpBlocked = true;
    const ada = await enter(relay, 'Ada', blocked);
    const bob = await enter(relay, 'Bob');
    await bob.hears('Ada');
    await ada.hears('Bob');
    const route = () => {
      const connection = ada.member.room.describe(false).connection;
      return connection.phase === 'connected' ? connection.voiceRoute : connection.phase;
    };
    expect(route()).toBe('lane');
    blocked.udpBlocked = false;
    await expect.poll(route, PATIENCE).toBe('udp');
    await bob.hears('Ada');
    await ada.hears('Bob');
  }, 30_000);

  it('resume over a broken lane: same token, voice goes on meanwhile, chat comes once', async () => {
    const relay = await openRelay();
    const ada = await enter(relay, 'Ada');
    const bob = await enter(relay, 'Bob');
    await ada.hears('Bob');
    const token = bob.member.token;
    bob.network.breakLane();
    const shown = () => ada.member.room.call.members.find((member) => member.token === token);
    await expect.poll(() => shown()?.reconnecting, PATIENCE).toBe(true);
    expect(ada.member.room.sendChat({ kind: 'channel', channel: 1 }, 'Are you there?')).toEqual({ ok: true });
    await ada.hears('Bob');
    await expect.poll(() => shown()?.reconnecting, PATIENCE).toBe(false);
    const texts = () => bob.member.chat.map(({ entry }) => entry.text);
    await expect.poll(texts, PATIENCE).toEqual(['Are you there?']);
    expect(bob.member.token).toBe(token);
    await bob.hears('Ada');
  });

  it('find each other again when the relay was restarted', async () => {
    const first = await openRelay();
    const ada = await enter(first, 'Ada');
    const bob = await enter(first, 'Bob');
    await ada.hears('Bob');
    const tokens = [ada.member.token, bob.member.token];
    await first.close('restarting');
    const second = await openRelay(first.port);
    await ada.hears('Bob');
    await bob.hears('Ada');
    expect([ada.member.token, bob.member.token]).toEqual(tokens);
    expect(second.port).toBe(first.port);
  }, 30_000);

  it('whisper to one, and nobody else can open it', async () => {
    const relay = await openRelay();
    const ada = await enter(relay, 'Ada');
    const bob = await enter(relay, 'Bob');
    const eve = await enter(relay, 'Eve');
    await eve.hears('Ada');
    await bob.hears('Ada');
    const target = { kind: 'member', token: bob.member.token ?? 0 } as const;
    ada.member.room.whispers.setHeld('button', target, true);
    const whispered = () => bob.heard.some((packet) => packet.target === bob.member.token);
    await expect.poll(whispered, PATIENCE).toBe(true);
    eve.heard.length = 0;
    await bob.hears('Ada');
    expect(eve.heard.filter(({ text }) => text === 'Ada')).toEqual([]);
    ada.member.room.whispers.setHeld('button', target, false);
    await eve.hears('Ada');
  });
});
