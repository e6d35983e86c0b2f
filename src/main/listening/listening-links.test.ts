import { expect, test } from 'vitest';
import { type ListeningPlace, listeningLinks } from './listening-links.ts';
import { firstSettings } from './listening-settings.ts';

const place: ListeningPlace = {
  host: 'voice.example.org',
  webPort: 48_482,
  rtspPort: 8_554,
  trusted: false,
  secretsInTheClear: false,
};
const settings = { ...firstSettings(1), linkKey: 'L'.repeat(22) };
const publisher = { ...settings, source: 'publisher', publishKey: 'P'.repeat(22) } as const;

test('a link carries its key, and goes where no certificate is asked about', () => {
  const key = `?key=${'L'.repeat(22)}`;
  expect(listeningLinks(place, 'lobby', settings)).toEqual({
    page: `http://voice.example.org:48482/listen/lobby${key}`,
    ogg: `http://voice.example.org:48482/stream/lobby.ogg${key}`,
    rtsp: `rtsp://voice.example.org:8554/lobby${key}`,
    whep: `http://voice.example.org:48482/whep/lobby${key}`,
    websocket: `ws://voice.example.org:48482/ws/lobby${key}`,
    publish: null,
    icecast: null,
    whip: null,
  });
});

test('with a certificate of the user’s own all is encrypted', () => {
  const links = listeningLinks({ ...place, trusted: true, rtspPort: null }, 'lobby', publisher);
  expect(Object.values(links).filter((link) => link?.startsWith('http:') || link?.startsWith('ws:'))).toEqual(
    [],
  );
  expect(links.websocket).toMatch(/^wss:/);
  expect(links.rtsp).toBeNull();
});

test('a publisher’s key is never sent unencrypted, unless the operator has said so', () => {
  const key = 'P'.repeat(22);
  const { publish, icecast, whip } = listeningLinks(place, 'lobby', publisher);
  expect(publish).toBe(`https://source:${key}@voice.example.org:48482/publish/lobby`);
  expect(icecast).toBe(`icecast://source:${key}@voice.example.org:48482/publish/lobby`);
  expect(whip).toBe(`https://voice.example.org:48482/whip/lobby?key=${key}`);
  const clear = listeningLinks({ ...place, secretsInTheClear: true }, 'lobby', publisher);
  expect(clear.publish).toBe(`http://source:${key}@voice.example.org:48482/publish/lobby`);
  const unheard = listeningLinks(place, 'lobby', { ...publisher, source: 'conversation' });
  expect([unheard.publish, unheard.icecast, unheard.whip]).toEqual([null, null, null]);
});

test('who may listen without a link is given none of its key', () => {
  for (const access of ['public', 'password'] as const) {
    const links = listeningLinks(place, 'lobby', { ...settings, access });
    expect(JSON.stringify(links)).not.toContain('LLLL');
  }
});

test('addresses and names are written as URLs want them', () => {
  const { page, rtsp } = listeningLinks({ ...place, host: '2001:db8::7' }, 'tür-2', {
    ...settings,
    access: 'public',
  });
  expect(page).toBe('http://[2001:db8::7]:48482/listen/t%C3%BCr-2');
  expect(rtsp).toBe('rtsp://[2001:db8::7]:8554/t%C3%BCr-2');
  expect(new URL(page).hostname).toBe('[2001:db8::7]');
});
