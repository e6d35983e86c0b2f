import { expect, it } from 'vitest';
import { createRng } from '../../src/core/base/rng.ts';
import { parseClientMessage } from '../../src/core/relay/client-message.ts';
import { mutatedMessage, validMessage } from './messages.ts';

const RUNS = 3_000;
const known = { tokens: [5], identities: [Buffer.alloc(32, 1).toString('base64url')] };

it('makes messages of every type that a relay reads, and the same ones from the same seed', () => {
  const rng = createRng(1);
  const read = Array.from({ length: RUNS }, () =>
    parseClientMessage(JSON.stringify(validMessage(rng, known))),
  );
  expect(new Set(read.map((message) => message?.type)).size).toBeGreaterThanOrEqual(14);
  expect(read.filter((message) => message !== null).length).toBeGreaterThan(RUNS / 2);
  const again = createRng(1);
  expect(parseClientMessage(JSON.stringify(validMessage(again, known)))).toEqual(read[0]);
});

it('makes about as many bad messages as good ones', () => {
  const rng = createRng(2);
  const texts = Array.from({ length: RUNS }, () => mutatedMessage(rng, known));
  const bad = texts.filter((text) => parseClientMessage(text) === null).length;
  expect(bad).toBeGreaterThan(RUNS * 0.4);
  expect(bad).toBeLessThan(RUNS * 0.85);
});
