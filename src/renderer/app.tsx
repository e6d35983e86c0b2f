import { type ReactElement, useEffect, useRef } from 'react';
import type { AppState } from '../contract/dto.ts';
import { DiagnosticsOverlay } from './features/diagnostics/diagnostics-overlay.tsx';
import { Floating } from './features/dialogs/floating.tsx';
import { LinkOverlay } from './features/link/link-overlay.tsx';
import { Notices } from './features/notices/notices.tsx';
import { RoomScreen } from './features/room/room-screen.tsx';
import { phaseLabels, phaseSentence, windowTitle } from './features/room/room-status.ts';
import { SettingsPanel } from './features/settings/settings-panel.tsx';
import { StartScreen } from './features/start/start-screen.tsx';
import { ThemeToggle } from './features/theme/theme-toggle.tsx';
import { isKeyTaken } from './features/voice/own-state.ts';
import { VoiceBar } from './features/voice/voice-bar.tsx';
import { perform, useProgram } from './state/program.ts';
import { showSettings, useWindow } from './state/window-store.ts';
import { Icon, Logo } from './ui/icons.tsx';
import { TipLayer } from './ui/tip-layer.tsx';
import './app.css';

/** The whole window. */
export function App(): ReactElement {
  const app = useWindow((state) => state.app);
  const link = useWindow((state) => state.link);
  const settingsOpen = useWindow((state) => state.settingsOpen);
  const title = windowTitle(app, link === 'gone');
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <>
      <div className="window" data-settings={settingsOpen} inert={link === 'gone'}>
        {app === null ? <Splash /> : <Stage app={app} settingsOpen={settingsOpen} />}
        {app === null ? <Notices /> : null}
      </div>
      <LinkOverlay />
    </>
  );
}

/** Until the program first answers: nothing to press. */
function Splash(): ReactElement {
  return (
    <main className="splash" aria-busy="true">
      <Logo size={56} />
      <h1 className="visually-hidden">Sidetone</h1>
    </main>
  );
}

function Stage({ app, settingsOpen }: { app: AppState; settingsOpen: boolean }): ReactElement {
  const inRoom = app.connection.phase === 'connected' || app.connection.phase === 'reconnecting';
  const { api } = useProgram();
  const { capturingBinding } = app;
  useEffect(() => {
    // Keys are taken for a binding only while the question for one is on the screen.
    if (capturingBinding && !settingsOpen) void perform(api.captureBinding({ capturing: false }));
  }, [api, capturingBinding, settingsOpen]);
  return (
    <>
      <AppBar connection={app.connection} settingsOpen={settingsOpen} />
      <div className="stage">
        <main className="view scrolls" aria-label={inRoom ? 'Room' : 'Start'}>
          {inRoom ? <RoomScreen app={app} /> : <StartScreen app={app} />}
        </main>
        {settingsOpen ? <SettingsPanel app={app} /> : null}
      </div>
      <Notices />
      {inRoom ? <VoiceBar app={app} /> : null}
      <DiagnosticsOverlay version={app.version} keyTaken={isKeyTaken(app, 'F3')} />
      <Floating app={app} />
      <TipLayer />
    </>
  );
}

const phaseTones: Record<AppState['connection']['phase'], string> = {
  idle: 'off',
  connecting: 'live',
  connected: 'good',
  reconnecting: 'bad',
};

function AppBar(props: { connection: AppState['connection']; settingsOpen: boolean }): ReactElement {
  const { connection, settingsOpen } = props;
  const toggle = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(settingsOpen);
  useEffect(() => {
    if (wasOpen.current && !settingsOpen) toggle.current?.focus();
    wasOpen.current = settingsOpen;
  }, [settingsOpen]);
  return (
    <header className="app-bar" data-phase={connection.phase}>
      <Logo />
      <span className="wordmark">Sidetone</span>
      <p
        className="phase"
        role="status"
        title={phaseSentence(connection)}
        data-testid="connection-phase"
        data-phase={connection.phase}
      >
        <span className="lamp" data-tone={phaseTones[connection.phase]} />
        {phaseLabels[connection.phase]}
      </p>
      <ThemeToggle />
      <button
        ref={toggle}
        type="button"
        className="button"
        data-kind="quiet"
        data-shape="square"
        data-testid="settings-toggle"
        aria-label="Settings"
        title="Settings"
        aria-expanded={settingsOpen}
        aria-controls="settings"
        onClick={() => showSettings(!settingsOpen)}
      >
        <Icon name="sliders" />
      </button>
      <span className="dial" aria-hidden="true" />
    </header>
  );
}
