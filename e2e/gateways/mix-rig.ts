import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { FromRoom, ToRoom } from '../../src/core/program/room-link.ts';
import { ADMIN_ROLE_ID } from '../../src/core/wire/roles.ts';
import { composeMix } from '../../src/main/compose-mix.ts';
import { createPassingIdentity, openHeadlessMember } from '../../src/main/headless-member.ts';
import { MemberVoice } from '../../src/main/mix/member-voice.ts';
import type { MixPorts } from '../../src/main/mix/mix-ports.ts';
import type { MixCommand, MixEvent, MixWorkerData } from '../../src/main/mix/mix-protocol.ts';
import { type RunningRelay, startRelay } from '../../src/main/relay/relay-host.ts';
import { defaultChannels } from '../../src/main/relay/room-defaults.ts';
import { PATIENCE_MS } from '../rig/child.ts';

const ROOT = join(import.meta.dirname, '../..');
const ACTOR = { account: 'anna', role: ADMIN_ROLE_ID };
/** Of a fresh room. */
const LOBBY = 1;
const MAX_MEMBERS = 50;
/** Waits until `found` is true. @throws Error with `what` after a while */
export async function until(found: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (!found()) {
    if (performance.now() > endMs) throw new Error(`waited too long for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A member as anybody, but its ears and its mouth are the test's. */
export interface TestMember {
  readonly voice: MemberVoice;
  readonly inCompany: boolean;
  leave(): void;
}

async function openRelay(folder: string, port: number): Promise<RunningRelay> {
  const started = await startRelay({
    workerPath: join(ROOT, 'src/main/relay/relay-worker.ts'),
    folder,
    migrationsFolder: join(ROOT, 'resources/migrations/relay'),
    roomName: 'Room',
    maxMembers: MAX_MEMBERS,
    channels: defaultChannels(),
    ownerIdentity: null,
    port,
    onCounters: () => undefined,
    onDidDie: () => undefined,
  });
  if (!started.ok) throw new Error(started.sentence);
  return started.relay;
}

/** A relay of its own with one channel, open to listeners, and a thread whose member stands there. */
export class MixRig {
  relay: RunningRelay;
  readonly events: MixEvent[] = [];
  readonly fromRoom: { readonly atMs: number; readonly message: FromRoom }[] = [];
  /** Called for what the member sends to the gateways, as it comes. */
  onFromRoom: (message: FromRoom) => void = () => undefined;
  readonly #folder: string;
  readonly #worker: Worker;
  readonly #room: MessagePort;
  readonly #members: TestMember[] = [];
  #exited = false;

  private constructor(folder: string, relay: RunningRelay) {
    this.#folder = folder;
    this.relay = relay;
    const { port1, port2 } = new MessageChannel();
    const { port, certificateSha256 } = relay;
    const workerData: MixWorkerData = { address: '127.0.0.1', port, certificateSha256, room: port2 };
    this.#worker = new Worker(join(ROOT, 'src/main/mix-worker.ts'), { workerData, transferList: [port2] });
    this.#room = port1;
    this.#worker.on('message', (event: MixEvent) => void this.#handleEvent(event));
    this.#worker.on('exit', () => {
      this.#exited = true;
    });
    port1.on('message', (message: FromRoom) => {
      this.fromRoom.push({ atMs: performance.now(), message });
      this.onFromRoom(message);
    });
  }

  static async start(): Promise<MixRig> {
    const folder = mkdtempSync(join(tmpdir(), 'sidetone-mix-'));
    const relay = await openRelay(folder, 0);
    const opened = await relay.admin.command(ACTOR, {
      kind: 'setListeners',
      channel: LOBBY,
      listeners: true,
    });
    if (!opened.ok) throw new Error('the channel was not opened to listeners');
    return new MixRig(folder, relay);
  }

  /** The relay goes, and another one comes in its place, which has to let the member in anew: it finds its own way. */
  async restartRelay(): Promise<void> {
    const { port } = this.relay;
    await this.relay.stop('restarting');
    this.relay = await openRelay(this.#folder, port);
    const asked = this.events.filter((event) => event.kind === 'identity').at(-1);
    if (asked !== undefined) await this.#admit(asked);
  }

  get channel(): number {
    return LOBBY;
  }

  /** As the gateways were told last. */
  get standing(): boolean {
    const told = this.fromRoom.map(({ message }) => message).filter(({ kind }) => kind === 'standing');
    const last = told.at(-1);
    return last?.kind === 'standing' && last.standing;
  }

  get counters(): Readonly<Record<string, number>> {
    const told = this.events.filter((event) => event.kind === 'counters').at(-1);
    return told?.kind === 'counters' ? told.counters : {};
  }

  /** Time of the processor that the members' thread has used, in microseconds. */
  cpuUsage(): Promise<NodeJS.CpuUsage> {
    return this.#worker.cpuUsage();
  }

  command(command: MixCommand): void {
    this.#worker.postMessage(command);
  }

  send(message: ToRoom): void {
    this.#room.postMessage(message);
  }

  /** Has a member stand in the channel, and waits until it has keys. */
  async stand(source: 'conversation' | 'publisher', bitrate = 64_000): Promise<void> {
    this.command({ kind: 'stand', channel: LOBBY, bitrate, source });
    await until(() => this.standing, 'the member to stand with keys');
  }

  /** Brings in a member, and waits until it and the others, those named "Listeners" included, can hear each other. */
  async join(
    nickname: string,
    change: (ports: MixPorts) => MixPorts = (ports) => ports,
  ): Promise<TestMember> {
    const { port, certificateSha256 } = this.relay;
    const relay = { address: '127.0.0.1', port, certificateSha256 };
    const identity = createPassingIdentity();
    const voice: MemberVoice = new MemberVoice({
      ports: change(composeMix(relay)),
      sendLane: (bytes) => member.sendLaneDatagram(bytes),
      onDidChangeKeys: () => undefined,
    });
    const member = openHeadlessMember({
      relay,
      nickname,
      identity,
      voice,
      createGroup: () => identity.createGroup(),
      onKeyMessage: () => undefined,
      sendKey: (_message, send) => send(),
      onDidChange: () => undefined,
      onDidDrop: () => undefined,
    });
    const joined = await member.join();
    if (!joined.ok) throw new Error(joined.sentence);
    await until(() => voice.keyed, `${nickname} to have keys`);
    const result: TestMember = {
      voice,
      get inCompany() {
        return member.inCompany;
      },
      leave: () => {
        member.leave();
        voice.close();
      },
    };
    this.#members.push(result);
    // The others learn of the epoch by lanes of their own, and members wait before they use its keys.
    await new Promise((resolve) => setTimeout(resolve, 500));
    return result;
  }

  /** Puts a member out that was let in. */
  async dismiss(identity: string): Promise<void> {
    const dismissed = await this.relay.admin.command(ACTOR, { kind: 'dismissListeners', identity });
    if (!dismissed.ok) throw new Error('the member was not put out');
  }

  async stop(): Promise<void> {
    for (const member of this.#members) member.leave();
    this.command({ kind: 'stop' });
    await until(() => this.#exited, 'the thread to end by itself');
    if (!this.events.some(({ kind }) => kind === 'stopped'))
      throw new Error('the members left without a word');
    await this.relay.stop('closing');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #handleEvent(event: MixEvent): Promise<void> {
    this.events.push(event);
    if (event.kind === 'identity') await this.#admit(event);
  }

  async #admit({ identity, channel }: Extract<MixEvent, { kind: 'identity' }>): Promise<void> {
    const admitted = await this.relay.admin.command(ACTOR, { kind: 'admitListeners', identity, channel });
    if (admitted.ok) this.command({ kind: 'admitted', channel });
  }
}
