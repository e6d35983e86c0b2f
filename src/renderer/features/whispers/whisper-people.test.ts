import { expect, test } from 'vitest';
import { someMember } from '../../dev/some-member.ts';
import { incomingWhisperText, listPeopleText, listRule } from './whisper-people.ts';

const ann = someMember({ identity: 'a', nickname: 'Ann' });
const ben = someMember({ identity: 'b', nickname: 'Ben' });
const eve = someMember({ identity: 'e', nickname: 'Eve', rules: { ...ann.rules, whisper: 'No.' } });

test('who whispers is named, one or several', () => {
  const loud = (member: typeof ann) => ({ ...member, whispering: true });
  expect(incomingWhisperText([ann, ben])).toBe('');
  expect(incomingWhisperText([loud(ann), ben])).toBe('Ann whispers to you');
  expect(incomingWhisperText([loud(ann), loud(ben), loud(eve)])).toBe('Ann, Ben and Eve whisper to you');
});

test('people on a list are named where they are here and counted where not', () => {
  expect(listPeopleText([], [ann])).toBe('Nobody yet');
  expect(listPeopleText(['a', 'b'], [ann, ben, eve])).toBe('Ann, Ben');
  expect(listPeopleText(['a', 'x'], [ann])).toBe('Ann, and one who is not here');
  expect(listPeopleText(['x', 'y'], [ann])).toBe('Only 2 who are not here');
});

test('a list can be used while one of it is here and may be whispered to', () => {
  expect(listRule(['x'], [ann])).toBe('Nobody on this list is here.');
  expect(listRule(['a', 'e'], [ann, eve])).toBe('');
  expect(listRule(['e', 'x'], [ann, eve])).toBe('No.');
});
