import { expect, test } from 'vitest';
import { permissionSchema } from '../../../contract/room.ts';
import { permissionChoices, permissionsText } from './role-words.ts';

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
