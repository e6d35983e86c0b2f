import { BrowserBridge, pageSurroundings } from './browser-bridge.ts';
import { openWindow } from './open-window.tsx';
import { useWindow } from './state/window-store.ts';

if (window.sidetone !== undefined) {
  openWindow({ api: window.sidetone, bridge: null });
} else {
  const bridge = new BrowserBridge(pageSurroundings(window.location));
  useWindow.setState({ link: bridge.status });
  bridge.onStatusChanged((link) => useWindow.setState({ link }));
  // The same name as in Electron: whatever drives the window from outside finds it in both shells.
  window.sidetone = bridge.api;
  openWindow({ api: bridge.api, bridge });
  bridge.connect();
}
