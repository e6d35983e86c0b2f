import type { EventEmitter } from 'node:events';
import type { ControlReply, ControlRequest, Controls, FrameKind, Snapshot } from './control.ts';
import { record } from './record.ts';
import { handlers } from './session-double.ts';
import {
  type BrowserWindowDouble,
  openHandlers,
  PreventableEvent,
  readiness,
  reloads,
  sentEvents,
  windowOptions,
  windows,
} from './window-double.ts';

type AppLike = EventEmitter & { quit(): void };

/** Answers the test's questions over the message channel this process was started with. */
export function answerControls(app: AppLike): void {
  const controls = makeControls(app);
  process.on('message', async (request: ControlRequest) => {
    const reply: ControlReply = { id: request.id };
    try {
      const op = controls[request.op] as (...args: unknown[]) => unknown;
      reply.value = await op(...request.args);
    } catch (error) {
      reply.error = String(error);
    }
    process.send?.(reply);
  });
}

function makeControls(app: AppLike): Controls {
  return {
    snapshot: () => takeSnapshot(),
    clickTray(id) {
      const item = record.trays.at(-1)?.menu?.items.find((candidate) => candidate.id === id);
      if (item === undefined) throw new Error(`the tray has no item ${id}`);
      if (item.enabled === false) throw new Error(`the tray's item ${id} is greyed out`);
      (item.click as () => void)();
    },
    async invoke(channel, payload, frame) {
      const handler = record.channels.get(channel);
      if (handler === undefined) return { ok: false, message: `No handler registered for '${channel}'` };
      const window = onlyWindow();
      try {
        const event = { sender: window.webContents, senderFrame: frameOf(window, frame) };
        return { ok: true, answer: structuredClone(await handler(event, structuredClone(payload))) };
      } catch (error) {
        return { ok: false, message: error instanceof Error ? error.message : String(error) };
      }
    },
    sent: () => ({
      channels: sentEvents.map((event) => event.channel),
      last: Object.fromEntries(sentEvents.map(({ channel, payload }) => [channel, payload])),
    }),
    permission(name) {
      let requested = handlers.request === null;
      handlers.request?.(null, name, (granted) => {
        requested = granted;
      });
      return {
        requested,
        checked: handlers.check?.(null, name, 'https://example.org', {}) ?? true,
        device: handlers.device?.({ deviceType: name }) ?? true,
      };
    },
    async fetchPage(url) {
      const handler = handlers.schemes.get(new URL(url).protocol.slice(0, -1));
      if (handler === undefined) throw new Error(`nobody serves ${url}`);
      const response = await handler(new Request(url));
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: await response.text(),
      };
    },
    wouldCancel(url) {
      let cancelled = false;
      handlers.beforeRequest?.({ url }, ({ cancel }) => {
        cancelled = cancel === true;
      });
      return cancelled;
    },
    escape(url) {
      const { webContents } = onlyWindow();
      const prevented: Record<string, boolean> = {};
      for (const name of ['will-navigate', 'will-frame-navigate', 'will-redirect', 'will-attach-webview']) {
        const event = Object.assign(new PreventableEvent(), { url });
        webContents.emit(name, event, url);
        prevented[name] = event.defaultPrevented;
      }
      return { prevented, popup: openHandlers.get(webContents)?.({ url }).action ?? 'allow' };
    },
    closeWindow: () => onlyWindow().close(),
    minimiseWindow: () => onlyWindow().minimize(),
    crashPage() {
      onlyWindow().webContents.emit('render-process-gone', {}, { reason: 'crashed' });
    },
    secondInstance(argv) {
      app.emit('second-instance', new PreventableEvent(), argv, '/');
    },
    openUrl(url) {
      const event = new PreventableEvent();
      app.emit('open-url', event, url);
      return event.defaultPrevented;
    },
    quit: () => app.quit(),
  };
}

function onlyWindow(): BrowserWindowDouble {
  const [window, ...others] = windows;
  if (window === undefined || others.length > 0) throw new Error(`${windows.length} windows are open`);
  return window;
}

function frameOf(window: BrowserWindowDouble, kind: FrameKind): unknown {
  const { mainFrame } = window.webContents;
  switch (kind) {
    case 'main':
      return mainFrame;
    case 'sub':
      return { ...mainFrame };
    case 'foreign':
      mainFrame.url = 'https://example.org/';
      return mainFrame;
    case 'gone':
      return null;
  }
}

function takeSnapshot(): Snapshot {
  const tray = record.trays.find((candidate) => !candidate.isDestroyed());
  return {
    ready: readiness.ready,
    schemes: record.schemes,
    protocolClients: record.protocolClients,
    applicationMenu: record.applicationMenu,
    channels: [...record.channels.keys()],
    clipboard: record.clipboard,
    notifications: record.notifications,
    windows: windows.map((window) => ({
      url: window.webContents.mainFrame.url,
      visible: window.isVisible(),
      focused: window.isFocused(),
      webPreferences: { ...windowOptions.get(window)?.webPreferences },
      reloads: reloads.get(window.webContents) ?? 0,
    })),
    tray:
      tray === undefined
        ? null
        : {
            image: tray.image.path,
            tooltip: tray.tooltip,
            items: (tray.menu?.items ?? [])
              .filter((item) => item.type !== 'separator')
              .map((item) => ({
                id: item.id ?? '',
                label: item.label ?? '',
                enabled: item.enabled !== false,
                checked: item.checked === true,
              })),
          },
  };
}
