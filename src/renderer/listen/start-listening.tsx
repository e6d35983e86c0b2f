// The shared styles come first: the style sheet of the page refines them.
import '../ui/tokens.css';
import '../ui/base.css';
import '../ui/controls.css';
import './listen.css';
import { type ReactElement, type ReactNode, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { applyTheme, storedThemeChoice } from '../features/theme/theme.ts';
import { ThemeToggle } from '../features/theme/theme-toggle.tsx';
import { Logo } from '../ui/icons.tsx';
import { ChannelList } from './channel-list.tsx';
import type { LevelSource } from './level-meter.tsx';
import { ListenPage } from './listen-page.tsx';
import { ListenSession } from './listen-session.ts';

/** The channel in `/listen/<channel>`; null: this is the list. */
export function channelOf(pathname: string): string | null {
  const part = /^\/listen\/([^/]+)$/.exec(pathname)?.[1];
  if (part === undefined) return null;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

class Levels implements LevelSource {
  readonly #listeners = new Set<(levelDb: number) => void>();

  tell(levelDb: number): void {
    for (const listener of this.#listeners) listener(levelDb);
  }

  subscribe(onLevel: (levelDb: number) => void): () => void {
    this.#listeners.add(onLevel);
    return () => this.#listeners.delete(onLevel);
  }
}

function Frame({ children }: { readonly children: ReactNode }): ReactElement {
  return (
    <div className="listen scrolls">
      <header className="listen-bar">
        <Logo />
        <span className="wordmark">Sidetone</span>
        <ThemeToggle />
      </header>
      <main className="panel listen-card">{children}</main>
    </div>
  );
}

/** Draws the page into #root: one channel, or the list of them, as the address says. */
export function startListening(): void {
  applyTheme(storedThemeChoice());
  const root = document.getElementById('root');
  if (root === null) throw new Error('The page has no #root');
  const channel = channelOf(window.location.pathname);
  const levels = new Levels();
  const query = new URLSearchParams(window.location.search);
  const session =
    channel === null
      ? null
      : new ListenSession({
          channel,
          key: query.get('key'),
          wasm: query.get('decoder') === 'wasm',
          onLevel: (levelDb) => levels.tell(levelDb),
        });
  window.addEventListener('pagehide', () => session?.close());
  createRoot(root).render(
    <StrictMode>
      <Frame>{session === null ? <ChannelList /> : <ListenPage session={session} levels={levels} />}</Frame>
    </StrictMode>,
  );
}
