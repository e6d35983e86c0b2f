import { openWindow } from '../open-window.tsx';
import { showPane, useWindow } from '../state/window-store.ts';
import { MockProgram } from './mock-api.ts';
import { conversations } from './scene-room.ts';
import { sceneState } from './scenes.ts';

// `?scene=room&pane=chat&settings&link=down`: the names stand in scenes.ts.
const query = new URLSearchParams(window.location.search);
const program = new MockProgram(sceneState(query.get('scene') ?? 'idle'), conversations);
const link = query.get('link');
if (link === 'down' || link === 'gone') useWindow.setState({ link });
useWindow.setState({ settingsOpen: query.has('settings') });
const pane = query.get('pane');
if (pane === 'chat' || pane === 'whispers') showPane(pane);
openWindow({ api: program.api, bridge: null });
if (link !== null) program.sendState();
