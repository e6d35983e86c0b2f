import { expect, it } from 'vitest';
import { MAX_NOTICES, Notices } from './notices.ts';

it('shows a sentence once, raised anew, and the newest MAX_NOTICES at most', () => {
  const notices = new Notices();
  for (let count = 0; count < MAX_NOTICES; count += 1) notices.raise('info', `sentence ${count}`);
  notices.raise('error', 'sentence 0');
  expect(notices.all).toHaveLength(MAX_NOTICES);
  expect(notices.all.at(-1)).toMatchObject({ severity: 'error', text: 'sentence 0' });
  notices.raise('info', 'one more');
  expect(notices.all).toHaveLength(MAX_NOTICES);
  expect(notices.all.map((notice) => notice.text)).not.toContain('sentence 1');
});

it('forgets what was dismissed, and only that', () => {
  const notices = new Notices();
  notices.raise('info', 'a');
  notices.raise('info', 'b');
  const [first] = notices.all;
  notices.dismiss(first?.id ?? -1);
  expect(notices.all.map((notice) => notice.text)).toEqual(['b']);
});
