/** What the test asks of a booted copy, by name, with its arguments and what comes back. */
export interface Controls {
  snapshot(): Snapshot;
  clickTray(id: string): void;
  /** Calls a channel as a page would; `frame` says from where. */
  invoke(channel: string, payload: unknown, frame: FrameKind): Promise<Invoked>;
  /** The events sent to the window so far, without their payloads' contents but the last of each channel. */
  sent(): { channels: string[]; last: Record<string, unknown> };
  permission(name: string): { requested: boolean; checked: boolean; device: boolean };
  fetchPage(url: string): Promise<{ status: number; headers: Record<string, string>; body: string }>;
  wouldCancel(url: string): boolean;
  /** Whether the window prevented each of these, and whether it allows a popup. */
  escape(url: string): { prevented: Record<string, boolean>; popup: string };
  closeWindow(): void;
  minimiseWindow(): void;
  crashPage(): void;
  secondInstance(argv: string[]): void;
  openUrl(url: string): boolean;
  quit(): void;
}

/** From where a channel is called: our page, a frame within it, a foreign page in our window, or a frame that is gone. */
export type FrameKind = 'main' | 'sub' | 'foreign' | 'gone';

export type Invoked = { ok: true; answer: unknown } | { ok: false; message: string };

export interface Snapshot {
  ready: boolean;
  schemes: unknown[];
  protocolClients: string[];
  applicationMenu: string;
  channels: string[];
  clipboard: string;
  notifications: string[];
  windows: {
    url: string;
    visible: boolean;
    focused: boolean;
    webPreferences: Record<string, unknown>;
    reloads: number;
  }[];
  tray: {
    image: string;
    tooltip: string;
    items: { id: string; label: string; enabled: boolean; checked: boolean }[];
  } | null;
}

export type ControlRequest = { id: number; op: keyof Controls; args: unknown[] };
export type ControlReply = { id: number; value?: unknown; error?: string };
