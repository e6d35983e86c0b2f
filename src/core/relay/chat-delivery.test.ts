import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RecordedMember } from '../sim/recorded-relay.ts';
import { StaffedRoom } from '../sim/staffed-room.ts';
import type { RelayMessage } from '../wire/control.ts';

const numRuns = Number(process.env.FUZZ_RUNS ?? 100);

const mac = (key: Uint8Array, data: Uint8Array) => createHmac('sha256', key).update(data).digest();

test(
  'none is lost and none comes twice, however often lanes break and the relay is restarted',
  () => {
    const step = fc.record({
      what: fc.constantFrom(
        'write',
        'write',
        'write',
        'tell',
        'drop',
        'restart',
        'see',
        'retry',
        'fail',
        'miss',
      ),
      who: fc.nat(2),
      whom: fc.nat(2),
      lost: fc.nat(3),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const room = new StaffedRoom(mac);
        const people = ['Anna', 'Ben', 'Cleo'].map((name) => new Person(room, name));
        let count = 0;
        for (const { what, who, whom, lost } of steps) {
          const person = people[who];
          const other = people[whom];
          if (person === undefined || other === undefined) continue;
          room.store.failing = what === 'fail';
          // Killed: the old engine hears nothing of broken lanes.
          const kill = (): void => {
            room.restart();
            for (const one of people) one.breakLane(lost);
          };
          if (what === 'drop') person.breakLane(lost);
          else if (what === 'restart') kill();
          else if (what === 'miss') {
            person.missWelcomes(lost);
            if (whom === 0) kill();
          } else if (what === 'see') person.acknowledge();
          else if (what === 'retry') person.repeatLast();
          else {
            count += 1;
            person.write(`No. ${count}`, what === 'tell' ? other : null);
          }
          room.store.failing = false;
          for (const one of people) one.read();
          room.wait(
            people.flatMap((one) => (one.member === null ? [] : [one.member])),
            1_000,
          );
          for (const one of people) one.comeBack();
        }
        for (const one of people) one.comeBack();
        for (const one of people) {
          const due = people.flatMap((from) =>
            from.sent.filter((chat) => chat.to(one)).map((chat) => chat.text),
          );
          expect([...one.heard].sort()).toEqual(due.sort());
          expect(new Set(one.heard).size).toBe(one.heard.length);
        }
        const { chats: all, chatsTaken, chatsRepeated, chatsRefused } = room.engine.stats();
        expect(all).toBe((chatsTaken ?? 0) + (chatsRepeated ?? 0) + (chatsRefused ?? 0));
      }),
      { numRuns },
    );
  },
  10_000 + 200 * numRuns,
);

/** A client that does what docs/protocol.md asks for: knows what it has heard, and sends again what was not taken. */
class Person {
  member: RecordedMember | null;
  readonly heard: string[] = [];
  /** What the relay took, and whom it is for. */
  readonly sent: { readonly text: string; to(person: Person): boolean }[] = [];
  readonly #room: StaffedRoom;
  readonly #name: string;
  #ticket: { readonly token: number; readonly secret: string };
  #seen = 0;
  #lastId = 0;
  #waiting: { readonly id: number; readonly text: string; readonly to: Person | null } | null = null;

  constructor(room: StaffedRoom, name: string) {
    this.#room = room;
    this.#name = name;
    this.member = room.admit(name);
    this.#ticket = room.ticket(this.member);
  }

  write(text: string, to: Person | null): void {
    if (this.#waiting !== null) return;
    this.#lastId += 1;
    this.#waiting = { id: this.#lastId, text, to };
    this.repeatLast();
  }

  /** Sends what has not been confirmed. */
  repeatLast(): void {
    if (this.#waiting === null || this.member === null) return;
    const { id, text, to } = this.#waiting;
    if (to === null) this.#room.write(this.member, id, text);
    else if (to.member !== null) this.#room.tell(this.member, id, text, to.member);
  }

  acknowledge(): void {
    if (this.member !== null) this.#room.say(this.member.lane, { type: 'chatSeen', seen: this.#seen });
  }

  read(): void {
    if (this.member !== null) this.#take(this.#room.take(this.member.lane));
  }

  /** The lane breaks, and the last so many messages with it. */
  breakLane(lost: number): void {
    if (this.member === null) return;
    const messages = this.#room.take(this.member.lane);
    this.#take(messages.slice(0, Math.max(0, messages.length - lost)));
    this.#room.hangUp(this.member.lane);
    this.member = null;
  }

  /** Comes back so many times on lanes that take the welcome with them. */
  missWelcomes(count: number): void {
    this.breakLane(0);
    for (let missed = 1; missed <= count; missed += 1) {
      const lane = this.#room.greet(this.#name, { resume: { ...this.#ticket, chatSeen: this.#seen } });
      this.#room.take(lane);
      this.#room.hangUp(lane);
    }
  }

  comeBack(): void {
    if (this.member !== null) return;
    const lane = this.#room.greet(this.#name, { resume: { ...this.#ticket, chatSeen: this.#seen } });
    const messages = this.#room.take(lane);
    const welcome = messages.find((message) => message.type === 'welcome');
    expect(welcome).toMatchObject({ resumed: true });
    if (welcome === undefined) return;
    this.#ticket = { token: welcome.token, secret: welcome.resumeSecret };
    const { identity } = this.#room.entrant(this.#name);
    const endpoint = { address: '192.0.2.1', port: lane };
    this.member = { lane, token: welcome.token, identity, pathKey: new Uint8Array(32), endpoint, welcome };
    expect(welcome.chatSeen).toBe(this.#seen);
    if (this.#waiting !== null && welcome.chatTaken >= this.#waiting.id) this.#confirm();
    this.#take(messages);
    this.repeatLast();
    this.read();
  }

  #take(messages: readonly RelayMessage[]): void {
    for (const message of messages) {
      if (message.type === 'chat') {
        expect(message.delivery).toBe(this.#seen + 1);
        this.#seen = message.delivery;
        this.heard.push(message.message.text);
      } else if (message.type === 'chatTaken' && message.id === this.#waiting?.id) {
        this.#confirm();
      } else if (message.type === 'refused' && message.chat === this.#waiting?.id) {
        expect(['storageFailed', 'chatTooFast']).toContain(message.code);
        this.#waiting = null;
      }
    }
  }

  #confirm(): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) return;
    const { text, to } = waiting;
    this.sent.push({ text, to: (person) => person !== this && (to === null || to === person) });
  }
}
