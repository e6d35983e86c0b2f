// The shared styles come first: the style sheets of the screens refine them.
import '../ui/tokens.css';
import '../ui/base.css';
import '../ui/controls.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { applyTheme, storedThemeChoice } from '../features/theme/theme.ts';
import { AdminApi } from './api/admin-api.ts';
import { AdminHttp, type HttpSurroundings } from './api/admin-http.ts';
import { EventStream } from './api/event-stream.ts';
import { DashboardPage } from './dashboard-page.tsx';
import { type Fragment, readFragment } from './session/fragment.ts';
import { SessionKeeper } from './session/session-keeper.ts';
import { sessionToken, useSession } from './session/session-store.ts';
import { DashboardContext } from './state/dashboard.ts';
import { EventQueue } from './state/event-queue.ts';
import { forgetRoom, takeEvents, takeStatus } from './state/room-store.ts';
import { hashOf } from './state/route.ts';

function later(delayMs: number, callback: () => void): () => void {
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
}

/** Takes a one-time code out of the address at once: it must not stay in the history, nor in a copied link. */
function takeFragment(): Fragment {
  const fragment = readFragment(window.location.hash);
  if (fragment.kind !== 'none') window.history.replaceState(null, '', hashOf('room'));
  return fragment;
}

async function fetchBots(api: AdminApi): Promise<void> {
  const answer = await api.bots();
  if (answer.ok) takeEvents([{ type: 'bots', bots: answer.value }]);
}

/** Draws the dashboard into #root; `ask` carries requests to the relay. */
export function startDashboard(ask: HttpSurroundings['fetch'] = window.fetch.bind(window)): void {
  applyTheme(storedThemeChoice());
  const http: AdminHttp = new AdminHttp({
    fetch: ask,
    token: sessionToken,
    onExpired: (token) => keeper.expire(token),
  });
  const api = new AdminApi(http);
  const keeper = new SessionKeeper({ api, storage: window.sessionStorage, nowMs: Date.now, later });
  const queue = new EventQueue(takeEvents, later);
  const stream = new EventStream({
    open: (signal) => http.open({ method: 'GET', path: '/api/events', signal }),
    later,
    chance: Math.random,
    onEvent: (event) => queue.push(event),
    onStatus: (status) => {
      takeStatus(status);
      // The stream tells what changes; a test that ended before has to be asked for.
      if (status.kind === 'live') void fetchBots(api);
    },
  });
  useSession.subscribe(({ session }, { session: before }) => {
    // A renewed token is used from the next request on; what is open stays open.
    const inside = session.phase === 'inside';
    if (inside === (before.phase === 'inside')) return;
    stream.stop();
    queue.drop();
    forgetRoom();
    if (inside) stream.start();
  });
  window.addEventListener('hashchange', () => {
    const fragment = takeFragment();
    if (fragment.kind !== 'none') void keeper.open(fragment);
  });
  void keeper.open(takeFragment());
  const root = document.getElementById('root');
  if (root === null) throw new Error('The page has no #root');
  createRoot(root).render(
    <StrictMode>
      <DashboardContext value={{ api, keeper, stream }}>
        <DashboardPage />
      </DashboardContext>
    </StrictMode>,
  );
}
