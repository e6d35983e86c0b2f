import { expect, it } from 'vitest';
import type { AdminNews, AdminOutcome } from '../../core/relay/admin-port.ts';
import { AdminAnswerer } from './admin-answerer.ts';
import type { AdminQuestion, RelayEvent } from './relay-protocol.ts';
import type { RelayServer } from './relay-server.ts';

const root = { account: 'root', role: 3 };
const OK: AdminOutcome = { ok: true, channel: null };

/** As much of a relay as the answerer asks, with a disk that can refuse. */
function startAnswerer() {
  const sent: RelayEvent[] = [];
  const waiting: ((outcome: AdminOutcome) => void)[] = [];
  const disk = { full: false };
  const server = {
    onNews: null as ((news: AdminNews) => void) | null,
    voiceSocketKind: 'dgram',
    command: (_actor: unknown, { kind }: { kind: string }) =>
      kind === 'createChannel' ? new Promise<AdminOutcome>((resolve) => waiting.push(resolve)) : OK,
    bans: () => [],
    writeAudit: () => !disk.full,
  };
  const readAudit = (): never[] => {
    if (disk.full) throw new Error('the disk is full');
    return [];
  };
  const answerer = new AdminAnswerer(
    server as unknown as RelayServer,
    { readAudit },
    () => ({ received: 7 }),
    (event) => sent.push(event),
  );
  const ask = (id: number, question: AdminQuestion): void => void answerer.handleQuestion(id, question);
  return { sent, waiting, disk, server, answerer, ask };
}

it('answers within the call, so that news and answers stay in order; passwords later', async () => {
  const { sent, waiting, server, answerer, ask } = startAnswerer();
  answerer.handleWatch(true);
  const create = { kind: 'createChannel' } as Extract<AdminQuestion, { kind: 'command' }>['command'];
  ask(1, { kind: 'command', actor: root, command: create });
  ask(2, { kind: 'command', actor: root, command: { kind: 'unban', ban: 1 } });
  server.onNews?.({ type: 'audit' });
  ask(3, { kind: 'bans' });
  answerer.handleWatch(false);
  server.onNews?.({ type: 'audit' });
  expect(sent).toEqual([
    { kind: 'answer', id: 2, answer: OK },
    { kind: 'news', news: { type: 'audit' } },
    { kind: 'answer', id: 3, answer: [] },
  ]);
  waiting[0]?.({ ok: true, channel: 4 });
  await expect.poll(() => sent.at(-1)).toEqual({ kind: 'answer', id: 1, answer: { ok: true, channel: 4 } });
});

it('says so when the disk refuses', () => {
  const { sent, disk, ask } = startAnswerer();
  const write: AdminQuestion = { kind: 'writeAudit', by: '', action: 'login', subject: '', reason: '' };
  ask(1, write);
  ask(2, { kind: 'audit', before: null, count: 1 });
  disk.full = true;
  ask(3, write);
  ask(4, { kind: 'audit', before: null, count: 1 });
  expect(sent).toEqual([
    { kind: 'answer', id: 1, answer: null },
    { kind: 'answer', id: 2, answer: [] },
    { kind: 'noAnswer', id: 3, detail: 'the disk refuses' },
    { kind: 'noAnswer', id: 4, detail: 'the disk is full' },
  ]);
});

it('shows the figures of its own thread', () => {
  const { sent, ask } = startAnswerer();
  ask(1, { kind: 'figures' });
  expect(sent).toMatchObject([
    { kind: 'answer', id: 1, answer: { voiceSocket: 'dgram', counters: { received: 7 } } },
  ]);
});
