// Before everything that makes a schema.
import '../../../contract/without-eval.ts';

import { startDashboard } from '../start-dashboard.tsx';
import { fakeFetch } from './fake-fetch.ts';
import { FakeRelay } from './fake-relay.ts';
import { FAKE_ADMIN, FAKE_PASSWORD, fakeCrowd, fakeRoom } from './fake-room.ts';

// `?scene=crowd#/room`: inside (unless said otherwise), `login`, `setup`, `crowd` (400 people and bots), `empty`.
const scene = new URLSearchParams(window.location.search).get('scene') ?? 'inside';
const room = fakeRoom();
const [lobby] = room.channels;
const relay = new FakeRelay({
  setup: scene === 'setup',
  ...(scene === 'crowd' ? { room: { ...room, members: fakeCrowd(300, 100) } } : {}),
  ...(scene === 'empty' && lobby !== undefined
    ? { room: { ...room, channels: [lobby], members: [] }, bans: [], auditLines: 0 }
    : {}),
});
const SECOND_MS = 1_000;
setInterval(() => relay.tick(), SECOND_MS);
if (scene !== 'login' && scene !== 'setup') {
  const { body } = relay.handle({
    method: 'POST',
    path: '/api/login',
    query: new URLSearchParams(),
    token: null,
    body: { name: FAKE_ADMIN, password: FAKE_PASSWORD },
  });
  sessionStorage.setItem('sidetone.admin', JSON.stringify(body));
} else {
  sessionStorage.clear();
}
startDashboard(fakeFetch(relay));
