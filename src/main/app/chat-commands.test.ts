import { describe, expect, it } from 'vitest';
import { simIdentity } from '../../core/sim/sim-room.ts';
import { AppRig } from './app-rig.ts';

const BOB = simIdentity(8);

async function inRoom(): Promise<AppRig> {
  const rig = new AppRig();
  await rig.enter();
  return rig;
}

describe('Chat', () => {
  const lobby = { kind: 'channel', channel: 1 } as const;
  const said = (id: number, text: string) => ({
    id,
    from: { identity: BOB, nickname: 'Bob' },
    to: lobby,
    text,
    sentMs: id,
  });

  it('shows a message at once, and what became of it', async () => {
    const rig = await inRoom();
    expect(await rig.app.handlers.sendChat({ target: lobby, text: 'hello' })).toEqual({ ok: true });
    const [chat] = rig.take('chat');
    expect(chat).toMatchObject({ to: lobby, text: 'hello' });
    await rig.say({ type: 'chatTaken', id: chat?.id ?? 0, message: 3, sentMs: 9 });
    expect(rig.chats.map(({ entry }) => [entry.state, entry.key])).toEqual([
      ['pending', 'own.1'],
      ['delivered', 'own.1'],
    ]);
    expect(rig.chats[0]).toMatchObject({ title: 'Lobby', entry: { own: true, nickname: 'Ada' } });
  });

  it('shows why a message failed', async () => {
    const rig = await inRoom();
    await rig.app.handlers.sendChat({ target: { kind: 'member', identity: BOB }, text: 'hello' });
    const [chat] = rig.take('chat');
    await rig.say({ type: 'refused', code: 'inboxFull', rule: null, request: null, chat: chat?.id ?? 0 });
    expect(rig.chats.at(-1)).toMatchObject({
      title: 'Bob',
      entry: { state: 'failed', problem: 'That person is away and has too many messages waiting.' },
    });
  });

  it('shows what others say', async () => {
    const rig = await inRoom();
    await rig.say({ type: 'chat', delivery: 1, message: said(5, 'hi') });
    expect(rig.chats.at(-1)).toMatchObject({
      target: lobby,
      entry: { own: false, nickname: 'Bob', text: 'hi' },
    });
    expect(await rig.app.handlers.getConversations(null)).toMatchObject([{ target: lobby, title: 'Lobby' }]);
  });

  it('fetches older messages, and says whether there are more', async () => {
    const rig = await inRoom();
    await rig.say({ type: 'chat', delivery: 1, message: said(5, 'hi') });
    const answer = rig.app.handlers.loadOlderChat({ channel: 1 });
    const { id, request } = rig.takeRequest();
    expect(request).toEqual({ kind: 'history', channel: 1, before: 5 });
    await rig.say({ type: 'history', channel: 1, messages: [said(4, 'older')], complete: false });
    await rig.say({ type: 'done', id });
    expect(await answer).toEqual({ ok: true, more: true });
    const [conversation] = await rig.app.handlers.getConversations(null);
    expect(conversation?.entries.map(({ text }) => text)).toEqual(['older', 'hi']);
  });

  it('writes to nobody outside of rooms', async () => {
    const rig = new AppRig();
    expect(await rig.app.handlers.sendChat({ target: lobby, text: 'hello' })).toMatchObject({ ok: false });
    expect(rig.chats).toEqual([]);
  });
});

describe('openLink', () => {
  it('opens web addresses, in their usual spelling', async () => {
    const rig = new AppRig();
    expect(await rig.app.handlers.openLink({ url: ' https://Example.org/a b' })).toEqual({ ok: true });
    expect(await rig.app.handlers.openLink({ url: 'http://example.org' })).toEqual({ ok: true });
    expect(rig.links).toEqual(['https://example.org/a%20b', 'http://example.org/']);
  });

  it.each([
    'file:///etc/passwd',
    'javascript:alert(1)',
    'ftp://example.org/',
    'sidetone://room.example/',
    '--version',
    'example.org',
    '',
  ])('does not open %j', async (url) => {
    const rig = new AppRig();
    expect(await rig.app.handlers.openLink({ url })).toMatchObject({ ok: false });
    expect(rig.links).toEqual([]);
    expect(rig.refused).toEqual({ link: 1 });
  });
});
