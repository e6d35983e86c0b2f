import { showDiagnostics } from '../features/diagnostics/diagnostics-store.ts';
import { openWindow } from '../open-window.tsx';
import { showPane, showSettingsTab, useWindow } from '../state/window-store.ts';
import { MockProgram } from './mock-api.ts';
import { conversations } from './scene-room.ts';
import { sceneState } from './scenes.ts';

// `?scene=room&pane=chat&settings=testing&diagnostics&link=down`: the names stand in scenes.ts.
const query = new URLSearchParams(window.location.search);
const program = new MockProgram(sceneState(query.get('scene') ?? 'idle'), conversations);
const link = query.get('link');
if (link === 'down' || link === 'gone') useWindow.setState({ link });
const tab = query.get('settings');
useWindow.setState({ settingsOpen: tab !== null });
if (tab === 'processing' || tab === 'identity' || tab === 'testing') showSettingsTab(tab);
showDiagnostics(query.has('diagnostics'));
const pane = query.get('pane');
if (pane === 'chat' || pane === 'whispers') showPane(pane);
openWindow({ api: program.api, bridge: null });
if (link !== null) program.sendState();
