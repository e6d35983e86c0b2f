import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { VoiceSocketKind } from '../../src/main/relay/udp/voice-socket.ts';
import { BareMember } from './bare-member.ts';
import type { Contestant, RunningContestant } from './contestant.ts';
import type { Load } from './load.ts';
import { OurProcess } from './our-process.ts';
import type { RelayMemory } from './relay-news.ts';

/** Logins at a time. */
const AT_ONCE = 10;

/** Members who share a source address: the relay lets a room's half in from one. */
const PER_ADDRESS = 60;

/** Addresses that belong to this machine, one after the other, all of 127.0.0.0/8. */
export function loopbackAddress(index: number): string {
  return `127.0.${1 + Math.floor(index / 250)}.${1 + (index % 250)}`;
}

/** Our relay, as it is measured. */
export class OurRelay implements RunningContestant {
  readonly protocol = 'plain';
  readonly #process: OurProcess;
  readonly #members: BareMember[] = [];

  constructor(process: OurProcess) {
    this.#process = process;
  }

  get pid(): number {
    return this.#process.pid;
  }

  get port(): number {
    return this.#process.port;
  }

  async join(count: number, load: Load): Promise<void> {
    for (let joined = 0; joined < count; joined += AT_ONCE) {
      const numbers = Array.from(
        { length: Math.min(AT_ONCE, count - joined) },
        (_, at) => this.#members.length + at,
      );
      const entered = await Promise.all(
        numbers.map(async (number) => {
          const localAddress = loopbackAddress(Math.floor(number / PER_ADDRESS));
          const nickname = `Member ${number + 1}`;
          const member = await BareMember.enter({ port: this.port, nickname, localAddress });
          return { member, port: await member.bind() };
        }),
      );
      for (const { member, port } of entered) {
        this.#members.push(member);
        await load.addMember(member.token, port);
      }
    }
  }

  /** What is left in the relay's thread after its garbage was collected. */
  memory(): Promise<RelayMemory> {
    return this.#process.memory();
  }

  fault(): string | null {
    if (this.#process.ended) return 'the relay has ended';
    const gone = this.#members.filter((member) => member.failed !== null).length;
    return gone > 0 ? `${gone} members are gone` : null;
  }

  async stop(): Promise<void> {
    for (const member of this.#members) member.leave();
    await this.#process.stop();
  }
}

/** Our relay with one of its voice sockets. */
export interface OurContestant extends Contestant {
  start(folder: string, members: number): Promise<OurRelay>;
}

export function ourRelay(voiceSocket: VoiceSocketKind, workerPath: string): OurContestant {
  return {
    name: voiceSocket === 'batched' ? 'sidetone with the addon' : 'sidetone with dgram',
    async start(parent, members) {
      const folder = mkdtempSync(join(parent, 'sidetone-'));
      const process = await OurProcess.start({ folder, workerPath, members, voiceSocket });
      return new OurRelay(process);
    },
  };
}
