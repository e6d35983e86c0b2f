import { describe, expect, test } from 'vitest';
import { MAX_JOIN_TARGET_LENGTH } from '../../contract/limits.ts';
import { linkAmong } from './invite-link.ts';

const link = (length: number) => 'sidetone://'.padEnd(length, 'x');

describe('the link among the arguments', () => {
  test('is the first that has the scheme, however it is written', () => {
    expect(linkAmong(['--flag', '/a/folder', 'SideTone://a', 'sidetone://b'])).toBe('SideTone://a');
  });

  test.each([[[]], [['https://sidetone.example']], [['sidetone:']], [['--link=sidetone://a']]])(
    'is none in %j',
    (argv) => {
      expect(linkAmong(argv)).toBeNull();
    },
  );

  test('is at most so long', () => {
    expect(linkAmong([link(MAX_JOIN_TARGET_LENGTH - 1)])).not.toBeNull();
    expect(linkAmong([link(MAX_JOIN_TARGET_LENGTH)])).not.toBeNull();
    expect(linkAmong([link(MAX_JOIN_TARGET_LENGTH + 1)])).toBeNull();
  });
});
