import { describe, expect, it } from 'vitest';
import { memberFor, simIdentity } from '../../core/sim/sim-room.ts';
import { People } from './people.ts';
import type { PersonValues } from './ports.ts';

const BOB = memberFor(2, { nickname: 'Bob' });
const QUIET: PersonValues = { nickname: 'Bob', volume: 0.5, mutedHere: true, verified: true };

function setUp() {
  const stored = new Map<string, PersonValues>();
  const orders: string[] = [];
  const reads: string[] = [];
  let failing = false;
  let changes = 0;
  const people = new People({
    store: {
      knownRelay: () => null,
      rememberRelay: () => {},
      person: (server, identity) => {
        reads.push(identity);
        return stored.get(`${server} ${identity}`) ?? null;
      },
      savePerson: (server, identity, values) => {
        if (failing) throw new Error('the disk is full');
        stored.set(`${server} ${identity}`, values);
      },
    },
    voice: {
      setVolume: (token, volume) => orders.push(`volume ${token} ${volume}`),
      setMemberMuted: (token, muted) => orders.push(`muted ${token} ${muted}`),
    },
    onDidChange: () => {
      changes += 1;
    },
  });
  people.enter('relay A');
  const fail = (): void => {
    failing = true;
  };
  return { people, stored, orders, reads, fail, changes: () => changes };
}

describe('People', () => {
  it('knows nothing bad of somebody new', () => {
    const { people } = setUp();
    expect(people.of(BOB.identity)).toEqual({ nickname: '', volume: 1, mutedHere: false, verified: false });
  });

  it('tells the voice thread about whoever is new, once, and under each new token', () => {
    const { people, stored, orders } = setUp();
    stored.set(`relay A ${BOB.identity}`, QUIET);
    people.handleRoster([BOB]);
    people.handleRoster([BOB]);
    expect(orders).toEqual(['volume 2 0.5', 'muted 2 true']);
    people.handleRoster([{ ...BOB, token: 9 }]);
    expect(orders.slice(2)).toEqual(['volume 9 0.5', 'muted 9 true']);
  });

  it('tells it again after we left and came back, for those who stayed', () => {
    const { people, stored, orders } = setUp();
    stored.set(`relay A ${BOB.identity}`, QUIET);
    people.handleRoster([BOB]);
    people.leave();
    orders.length = 0;
    people.enter('relay A');
    people.handleRoster([BOB]);
    expect(orders).toEqual(['volume 2 0.5', 'muted 2 true']);
  });

  it('keeps what the person decides, by public key, and applies it at once', () => {
    const { people, stored, orders, changes } = setUp();
    people.handleRoster([BOB]);
    people.change(BOB, { volume: 0.25 });
    people.change({ ...BOB, nickname: 'Bobby' }, { mutedHere: true });
    expect(stored.get(`relay A ${BOB.identity}`)).toEqual({
      nickname: 'Bobby',
      volume: 0.25,
      mutedHere: true,
      verified: false,
    });
    expect(orders.slice(-2)).toEqual(['volume 2 0.25', 'muted 2 true']);
    expect(changes()).toBe(2);
  });

  it('applies nothing that the disk refused', () => {
    const { people, fail, orders } = setUp();
    people.handleRoster([BOB]);
    const before = orders.length;
    fail();
    expect(() => people.change(BOB, { volume: 0 })).toThrow('disk');
    expect(people.of(BOB.identity).volume).toBe(1);
    expect(orders).toHaveLength(before);
  });

  it('knows people per relay', () => {
    const { people, stored } = setUp();
    stored.set(`relay B ${BOB.identity}`, QUIET);
    expect(people.of(BOB.identity).verified).toBe(false);
    people.enter('relay B');
    expect(people.of(BOB.identity).verified).toBe(true);
    people.enter('relay A');
    expect(people.of(BOB.identity).verified).toBe(false);
  });

  it('reads the store once for whoever is here, and keeps nothing of those who went', () => {
    const { people, reads } = setUp();
    people.handleRoster([BOB]);
    people.handleRoster([BOB]);
    people.of(BOB.identity);
    expect(reads).toEqual([BOB.identity]);
    for (let token = 100; token < 200; token += 1) people.handleRoster([BOB, memberFor(token)]);
    reads.length = 0;
    people.of(simIdentity(150));
    people.of(BOB.identity);
    expect(reads).toEqual([simIdentity(150)]);
  });
});
