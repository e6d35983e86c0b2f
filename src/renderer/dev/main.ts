import { openWindow } from '../open-window.tsx';
import { useWindow } from '../state/window-store.ts';
import { MockProgram } from './mock-api.ts';
import { sceneState } from './scenes.ts';

// `?scene=room3&link=down`: the names stand in scenes.ts.
const query = new URLSearchParams(window.location.search);
const program = new MockProgram(sceneState(query.get('scene') ?? 'idle'));
const link = query.get('link');
if (link === 'down' || link === 'gone') useWindow.setState({ link });
useWindow.setState({ settingsOpen: query.has('settings') });
openWindow({ api: program.api, bridge: null });
if (link !== null) program.sendState();
