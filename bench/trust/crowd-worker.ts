import { parentPort, workerData } from 'node:worker_threads';
import { HeadlessMember } from '../../e2e/rig/member/headless-member.ts';
import { assert } from '../../src/core/base/assert.ts';
import { type CrowdCommand, type CrowdData, type CrowdEvent, wallClockMs } from './crowd-protocol.ts';

/** Each member speaks this often, in ms: seldom enough that forwarding 50 voices to 50 is not what is measured. */
const SPEAK_EVERY_MS = 250;

/** A packet of the size of 32 kbit/s Opus. */
const PACKET_BYTES = 80;

assert(parentPort !== null, 'the crowd runs in worker threads');
const port = parentPort;
const data = workerData as CrowdData;
let listeners = data.everybody;

function send(event: CrowdEvent): void {
  port.postMessage(event);
}

class Person {
  readonly member: HeadlessMember;
  readonly #number: number;
  readonly #heard = new Set<number>();
  #reported = false;

  constructor(number: number) {
    this.#number = number;
    this.member = new HeadlessMember({
      nickname: `Member ${number}`,
      onDidChangeKey: () => send({ kind: 'key', member: number, atMs: wallClockMs() }),
      onHeard: (_from, _target, payload) => this.#hear((payload[0] ?? 0) * 256 + (payload[1] ?? 0)),
    });
  }

  async join(): Promise<void> {
    const { port: relayPort, certificateSha256 } = data;
    const outcome = await this.member.join({ port: relayPort, certificateSha256 });
    if (outcome.ok) send({ kind: 'joined', member: this.#number, atMs: wallClockMs() });
    else send({ kind: 'failed', member: this.#number, sentence: outcome.sentence });
  }

  leave(): void {
    const atMs = wallClockMs();
    this.member.leave();
    send({ kind: 'left', member: this.#number, atMs });
  }

  listen(): void {
    this.#heard.clear();
    this.#reported = false;
  }

  speak(): void {
    const packet = new Uint8Array(PACKET_BYTES);
    packet[0] = this.#number >>> 8;
    packet[1] = this.#number & 0xff;
    this.member.voice.speak(packet);
  }

  #hear(from: number): void {
    this.#heard.add(from);
    if (this.#reported || this.#heard.size < listeners - 1) return;
    this.#reported = true;
    send({ kind: 'hearsAll', member: this.#number, atMs: wallClockMs() });
  }
}

const people = new Map<number, Person>();
for (let at = 0; at < data.count; at += 1) people.set(data.first + at, new Person(data.first + at));

port.on('message', (command: CrowdCommand) => {
  switch (command.kind) {
    case 'join':
      for (const [index, person] of [...people.values()].entries())
        setTimeout(() => void person.join(), command.delaysMs[index] ?? 0);
      return;
    case 'leave':
      people.get(command.member)?.leave();
      return;
    case 'rejoin':
      void people.get(command.member)?.join();
      return;
    case 'listen':
      listeners = command.members;
      for (const person of people.values()) person.listen();
      return;
  }
});

setInterval(() => {
  for (const person of people.values()) person.speak();
}, SPEAK_EVERY_MS);
