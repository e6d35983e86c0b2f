import { describe, expect, test } from 'vitest';
import { LONGEST_GUESS_WAIT_MS } from '../../core/relay/guess-limit.ts';
import { HostLogins, MAX_ENDED_HOST_LOGINS } from './host-logins.ts';
import { LoginGate, MAX_KNOWN_PAIRS, MAX_NAME_TRIES, MAX_TRIED_NAMES } from './login-gate.ts';
import { LOGIN_LINK_MS, LoginLinks, MAX_LOGIN_LINKS, SetupCode } from './one-time-codes.ts';
import { countingStore, MAX_COUNTED_ADDRESSES } from './request-limit.ts';

describe('a setup code', () => {
  test('is taken by one at a time, and by nobody when it is spent', () => {
    const code = new SetupCode();
    expect(code.take('')).toBe(false);
    expect(code.take(code.text)).toBe(true);
    expect(code.take(code.text)).toBe(false);
    code.giveBack();
    expect(code.take(code.text)).toBe(true);
    code.spend();
    code.giveBack();
    expect([code.spent, code.take(code.text)]).toEqual([true, false]);
  });

  test('is another one each time, and uses its whole alphabet', () => {
    const texts = new Set(Array.from({ length: 400 }, () => new SetupCode().text));
    expect(texts.size).toBe(400);
    // 8,000 digits of 32 kinds.
    expect(new Set([...texts].join('').replaceAll('-', '')).size).toBe(32);
  });
});

describe('login links', () => {
  test('only so many wait, the oldest gives way, and each works once', () => {
    const links = new LoginLinks();
    const codes = Array.from({ length: MAX_LOGIN_LINKS + 1 }, () => links.issue(0));
    expect(codes.map((code) => links.redeem(code, 1))).toEqual([
      false,
      ...Array.from({ length: MAX_LOGIN_LINKS }, () => true),
    ]);
    expect(codes.some((code) => links.redeem(code, 1))).toBe(false);
  });

  test('one that was tried too late is gone', () => {
    const links = new LoginLinks();
    const code = links.issue(0);
    expect(links.redeem(code, LOGIN_LINK_MS)).toBe(false);
    expect(links.redeem(code, 0)).toBe(false);
  });
});

describe('the host’s logins', () => {
  test('beyond so many ended ones, all are ended', () => {
    const host = new HostLogins(0);
    const { epoch } = host.account;
    const claims = (login: string) => ({ account: 0, login, epoch, loginMs: 0, expiresMs: 1 });
    for (let n = 0; n < MAX_ENDED_HOST_LOGINS; n += 1) host.end(`login ${n}`);
    expect(host.bearerOf(claims('login 0'))).toBeNull();
    expect(host.bearerOf(claims('another'))).not.toBeNull();
    host.end('one more');
    expect(host.bearerOf(claims('another'))).toBeNull();
    expect(host.bearerOf({ ...claims('fresh'), epoch: host.account.epoch })).not.toBeNull();
  });
});

describe('the store of the request limit', () => {
  test('remembers so many addresses, and forgets the one whose minute began first', () => {
    let nowMs = 0;
    const Store = countingStore(() => nowMs);
    const store = new Store({});
    const counted = (key: string): number => {
      let current = 0;
      store.incr(
        key,
        (_, result) => {
          current = result?.current ?? 0;
        },
        60_000,
        10,
      );
      return current;
    };
    for (let n = 0; n < MAX_COUNTED_ADDRESSES; n += 1) counted(`address ${n}`);
    expect(counted('address 0')).toBe(2);
    counted('one more');
    expect(counted('address 1')).toBe(2);
    expect(counted('address 0')).toBe(1);
    nowMs = 60_000;
    expect(counted('address 5')).toBe(1);
  });
});

describe('the gate', () => {
  test('remembers so many names, and keeps counting when it forgets some', () => {
    const gate = new LoginGate(0);
    for (let n = 0; n <= 2 * MAX_TRIED_NAMES; n += 1) {
      const admission = gate.admit(`name ${n}`, `address ${n}`, n * 2_000);
      expect(admission.ok).toBe(true);
      if (admission.ok) admission.attempt.wrong();
    }
    const { tries, triesWrong, triesUnderWay } = gate.counters;
    expect([tries, triesWrong, triesUnderWay]).toEqual([2 * MAX_TRIED_NAMES + 1, 2 * MAX_TRIED_NAMES + 1, 0]);
  });

  test('knows so many who logged in, and forgets the one who did so least lately', () => {
    const gate = new LoginGate(0);
    const admitted = (address: string, nowMs: number): boolean => {
      const admission = gate.admit('root', address, nowMs);
      if (admission.ok) admission.attempt.right();
      return admission.ok;
    };
    for (let n = 0; n <= MAX_KNOWN_PAIRS; n += 1) expect(admitted(`address ${n}`, n * 6_000)).toBe(true);
    const nowMs = MAX_KNOWN_PAIRS * 6_000;
    for (let n = 0; n < MAX_NAME_TRIES; n += 1) admitted(`another ${n}`, nowMs);
    expect(admitted('address 0', nowMs)).toBe(false);
    expect(admitted(`address ${MAX_KNOWN_PAIRS}`, nowMs)).toBe(true);
  });

  test('waits grow to their longest and no further', () => {
    const gate = new LoginGate(0);
    let nowMs = 0;
    let longest = 0;
    for (let n = 0; n < 20; n += 1) {
      const admission = gate.admit(`name ${n}`, 'one address', nowMs);
      if (admission.ok) {
        admission.attempt.wrong();
        nowMs += 2_000;
      } else {
        longest = Math.max(longest, admission.waitSeconds);
        nowMs += admission.waitSeconds * 1_000;
      }
    }
    expect(longest).toBeGreaterThan(60);
    expect(longest * 1_000).toBeLessThanOrEqual(LONGEST_GUESS_WAIT_MS);
  });
});
