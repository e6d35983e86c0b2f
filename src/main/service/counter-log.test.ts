import { expect, it } from 'vitest';
import { CounterLog } from './counter-log.ts';

it('tells what was added, leaves zeros out, and takes a relay that began anew', () => {
  const log = new CounterLog();
  log.take({ received: 5, dropped: 0 });
  expect(log.deltas()).toEqual({ received: 5 });
  expect(log.deltas()).toEqual({});
  log.take({ received: 9, dropped: 2 });
  expect(log.deltas()).toEqual({ received: 4, dropped: 2 });
  log.take({});
  expect(log.deltas()).toEqual({});
  log.take({ received: 3 });
  expect(log.deltas()).toEqual({ received: 3 });
});
