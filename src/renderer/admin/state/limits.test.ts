import { expect, test } from 'vitest';
import { kickRequestSchema, roomConfigSchema } from '../../../contract/admin.ts';
import { MAX_REASON, MAX_ROOM_MEMBERS, MAX_ROOM_NAME } from './limits.ts';

test('the limits are those of the schemas: the longest is taken, one more is not', () => {
  for (const [length, taken] of [
    [MAX_REASON, true],
    [MAX_REASON + 1, false],
  ] as const) {
    expect(kickRequestSchema.safeParse({ member: 1, reason: 'x'.repeat(length) }).success).toBe(taken);
  }
  const config = { name: 'x'.repeat(MAX_ROOM_NAME), maxMembers: MAX_ROOM_MEMBERS };
  expect(roomConfigSchema.safeParse(config).success).toBe(true);
  expect(roomConfigSchema.safeParse({ ...config, name: `${config.name}x` }).success).toBe(false);
  expect(roomConfigSchema.safeParse({ ...config, maxMembers: MAX_ROOM_MEMBERS + 1 }).success).toBe(false);
});
