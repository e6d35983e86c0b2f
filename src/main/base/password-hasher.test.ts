import { monitorEventLoopDelay } from 'node:perf_hooks';
import { expect, it } from 'vitest';
import { MAX_PASSWORDS_AT_ONCE, MAX_WAITING_PASSWORDS, PasswordHasher } from './password-hasher.ts';

it('hashes with Argon2id as the design asks, and tells right from wrong', { timeout: 20_000 }, async () => {
  const hasher = new PasswordHasher();
  const one = await hasher.hash('open sesame');
  const other = await hasher.hash('open sesame');
  const fields = /^\$argon2id\$v=19\$m=65536,(?:t=3,p=1|p=1,t=3)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(
    one ?? '',
  );
  expect(Buffer.from(fields?.[1] ?? '', 'base64')).toHaveLength(16);
  expect(Buffer.from(fields?.[2] ?? '', 'base64')).toHaveLength(32);
  expect(one).not.toBe(other);
  expect(await hasher.compare('open sesame', one ?? '')).toBe('right');
  expect(await hasher.compare('open sesame!', one ?? '')).toBe('wrong');
  expect(await hasher.compare('', one ?? '')).toBe('wrong');
  expect(hasher.counters).toMatchObject({ hashed: 2, compared: 3, running: 0, waiting: 0 });
});

it('says that a stored hash is none, and does not throw', async () => {
  const hasher = new PasswordHasher();
  for (const junk of ['', 'junk', '$argon2id$', '$argon2id$v=19$m=65536,t=3,p=1$c2FsdA$']) {
    expect(await hasher.compare('x', junk), junk).toMatch(/^(?:unreadable|wrong)$/);
  }
  expect(hasher.counters).toMatchObject({ running: 0 });
});

it('works on two at once, lets a bounded number wait, and leaves the event loop alone', {
  timeout: 60_000,
}, async () => {
  const hasher = new PasswordHasher();
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const hashes = Array.from({ length: MAX_PASSWORDS_AT_ONCE }, () => hasher.hash('x'));
  // What is compared with no hash takes its turn like any other, and then no time.
  const waiting = Array.from({ length: MAX_WAITING_PASSWORDS }, () => hasher.compare('x', ''));
  expect(hasher.counters).toMatchObject({ running: MAX_PASSWORDS_AT_ONCE, waiting: MAX_WAITING_PASSWORDS });
  expect(await hasher.hash('x')).toBeNull();
  expect(await hasher.compare('x', '')).toBe('overflow');
  expect(hasher.counters).toMatchObject({ waiting: MAX_WAITING_PASSWORDS, overflowed: 2 });
  expect(await Promise.all(hashes)).not.toContain(null);
  expect(await Promise.all(waiting)).toEqual(waiting.map(() => 'unreadable'));
  delay.disable();
  expect(hasher.counters).toMatchObject({ hashed: MAX_PASSWORDS_AT_ONCE, running: 0, waiting: 0 });
  // One hash takes 100 to 200 ms: on this thread, there would be hardly a shorter wait.
  expect(delay.percentile(50) / 1e6).toBeLessThan(50);
});
