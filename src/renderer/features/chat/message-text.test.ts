import { describe, expect, test } from 'vitest';
import { MAX_CHAT_TEXT_BYTES } from '../../../contract/limits.ts';
import { messageLength, safeText, timeText, utf8Bytes } from './message-text.ts';

describe('safeText', () => {
  test('line breaks and tabs stay, other control characters go', () => {
    expect(safeText('a\r\nb\rc\n\td\u0000\u0007\u0085e')).toBe('a\nb\nc\n\tde');
  });

  test('nothing may turn the direction around or hide in a word', () => {
    expect(safeText('invoice\u202efdp.exe')).toBe('invoicefdp.exe');
    expect(safeText('\u2066a\u2069 pass\u200bword\ufeff\u2060')).toBe('a password');
    expect(safeText('\ud800x')).toBe('x');
  });

  test('what writing needs stays', () => {
    const texts = ['👩‍🚀', 'می‌خواهم', 'שלום\u200f', 'Zoë 李小龙'];
    expect(texts.map(safeText)).toEqual(texts);
  });
});

describe('messageLength', () => {
  test('counts bytes, not characters', () => {
    expect(['a', 'é', '李', '😀'].map(utf8Bytes)).toEqual([1, 2, 3, 4]);
  });

  test('is silent far from the limit, counts down near it, and says what is too much', () => {
    expect(messageLength('a'.repeat(100), MAX_CHAT_TEXT_BYTES).told).toBe('');
    expect(messageLength('a'.repeat(MAX_CHAT_TEXT_BYTES - 1), MAX_CHAT_TEXT_BYTES).told).toBe('1 byte left');
    expect(messageLength('a'.repeat(MAX_CHAT_TEXT_BYTES), MAX_CHAT_TEXT_BYTES).tooLong).toBe(false);
    const over = messageLength('é'.repeat(MAX_CHAT_TEXT_BYTES / 2 + 1), MAX_CHAT_TEXT_BYTES);
    expect([over.tooLong, over.told]).toEqual([true, '2 bytes too long']);
  });
});

test('the day is told when it is not today, the year when it is another', () => {
  const now = new Date(2031, 4, 17, 18, 0).getTime();
  expect(timeText(new Date(2031, 4, 17, 9, 5).getTime(), now)).toBe('09:05');
  expect(timeText(new Date(2031, 4, 16, 9, 5).getTime(), now)).toBe('16 May, 09:05');
  expect(timeText(new Date(2030, 11, 31, 23, 59).getTime(), now)).toBe('31 Dec 2030, 23:59');
});
