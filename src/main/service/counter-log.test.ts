import { expect, it } from 'vitest';
import { CounterLog } from './counter-log.ts';

it('tells what was added, leaves zeros out, and takes a relay that began anew', () => {
  const log = new CounterLog(() => false);
  const added = () => log.report().added;
  log.take({ received: 5, dropped: 0 });
  expect(added()).toEqual({ received: 5 });
  expect(added()).toEqual({});
  log.take({ received: 9, dropped: 2 });
  expect(added()).toEqual({ received: 4, dropped: 2 });
  log.take({});
  expect(added()).toEqual({});
  log.take({ received: 3 });
  expect(added()).toEqual({ received: 3 });
});

it('tells what goes up and down as it is', () => {
  const log = new CounterLog((name) => name === 'members');
  log.take({ members: 7, received: 1 });
  expect(log.report()).toEqual({ now: { members: 7 }, added: { received: 1 } });
  log.take({ members: 3, received: 1 });
  expect(log.report()).toEqual({ now: { members: 3 }, added: {} });
});
