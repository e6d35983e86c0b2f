import { expect, test } from 'vitest';
import { commandSchemas } from '../../../contract/ipc.ts';
import { permissionSchema } from '../../../contract/room.ts';
import { MAX_RANK, permissionChoices, permissionsText } from './role-words.ts';

test('every permission can be chosen', () => {
  expect(permissionChoices.map((choice) => choice.value).sort()).toEqual(
    [...permissionSchema.options].sort(),
  );
});

test('a role is told in a line', () => {
  expect(permissionsText([])).toBe('Talks and writes like everybody');
  expect(permissionsText(['kick', 'move'])).toBe(
    'Move others to another channel; kick others out of the room',
  );
  expect(permissionsText(permissionSchema.options)).toBe('May do everything');
});

test('the highest rank is what the contract takes', () => {
  const role = { role: null, name: 'x', permissions: [] };
  const { payload } = commandSchemas.saveRole;
  expect(payload.safeParse({ ...role, rank: MAX_RANK }).success).toBe(true);
  expect(payload.safeParse({ ...role, rank: MAX_RANK + 1 }).success).toBe(false);
});
