import { describe, expect, it } from 'vitest';
import { MAX_BOTS as CONTRACT_MAX_BOTS } from '../../contract/admin.ts';
import type { AdminNews } from '../../core/relay/admin-port.ts';
import { MAX_BOTS } from '../../core/relay/bot-roster.ts';
import type { RelayCommand } from './relay-protocol.ts';
import { RemoteAdmin } from './remote-admin.ts';

function startRemote(): { readonly sent: RelayCommand[]; readonly remote: RemoteAdmin } {
  const sent: RelayCommand[] = [];
  return { sent, remote: new RemoteAdmin((command) => sent.push(command)) };
}

const audit: AdminNews = { type: 'audit' };

describe('RemoteAdmin', () => {
  it('gives each question the answer of its number, in whichever order they come', async () => {
    const { sent, remote } = startRemote();
    const bans = remote.bans();
    const lines = remote.audit(7, 2);
    expect(sent).toEqual([
      { kind: 'ask', id: 1, question: { kind: 'bans' } },
      { kind: 'ask', id: 2, question: { kind: 'audit', before: 7, count: 2 } },
    ]);
    const line = { id: 6, atMs: 1, by: '', action: 'kick', subject: '', reason: '' };
    expect(remote.handleEvent({ kind: 'answer', id: 2, answer: [line] })).toBe(true);
    expect(remote.handleEvent({ kind: 'answer', id: 1, answer: [] })).toBe(true);
    // An answer to nothing is nobody's.
    expect(remote.handleEvent({ kind: 'answer', id: 2, answer: [] })).toBe(true);
    expect(remote.handleEvent({ kind: 'counters', counters: {} })).toBe(false);
    expect([await bans, await lines]).toEqual([[], [line]]);
  });

  it('rejects what the relay could not answer, and everything when it is gone', async () => {
    const { sent, remote } = startRemote();
    const audits = remote.audit(null, 1);
    remote.handleEvent({ kind: 'noAnswer', id: 1, detail: 'the disk is full' });
    await expect(audits).rejects.toThrow('the disk is full');
    const pending = [remote.view(), remote.writeAudit('', 'login', '', '')];
    remote.handleGone();
    for (const promise of pending) await expect(promise).rejects.toThrow('The room is closed.');
    await expect(remote.figures()).rejects.toThrow('The room is closed.');
    remote.watch(() => undefined)();
    expect(sent).toHaveLength(3);
  });

  it('has the relay tell its news from the first observer to the last', () => {
    const { sent, remote } = startRemote();
    const seen: string[] = [];
    const stopA = remote.watch(() => {
      seen.push('a');
      stopA();
    });
    const stopB = remote.watch(() => seen.push('b'));
    expect(sent).toEqual([{ kind: 'watch', watching: true }]);
    remote.handleEvent({ kind: 'news', news: audit });
    remote.handleEvent({ kind: 'news', news: audit });
    expect(seen).toEqual(['a', 'b', 'b']);
    stopB();
    stopB();
    remote.handleEvent({ kind: 'news', news: audit });
    expect(seen).toHaveLength(3);
    remote.watch(() => undefined);
    expect(sent.map((command) => command.kind === 'watch' && command.watching)).toEqual([true, false, true]);
  });
});

it('takes as many bots as the admin API lets anybody ask for', () => {
  expect(MAX_BOTS).toBe(CONTRACT_MAX_BOTS);
});
