type PermissionRequest = (contents: null, permission: string, callback: (granted: boolean) => void) => void;
type PermissionCheck = (contents: null, permission: string, origin: string, details: object) => boolean;
type ProtocolHandler = (request: Request) => Promise<Response>;
type RequestListener = (details: { url: string }, callback: (response: { cancel?: boolean }) => void) => void;

/** What was set on the session, for the test to try. Electron grants everything that nobody handles. */
export const handlers: {
  request: PermissionRequest | null;
  check: PermissionCheck | null;
  device: ((details: object) => boolean) | null;
  beforeRequest: RequestListener | null;
  schemes: Map<string, ProtocolHandler>;
} = { request: null, check: null, device: null, beforeRequest: null, schemes: new Map() };

class ProtocolDouble {
  handle(scheme: string, handler: ProtocolHandler): void {
    if (handlers.schemes.has(scheme)) throw new Error(`The scheme ${scheme} is handled already`);
    handlers.schemes.set(scheme, handler);
  }
}

class WebRequestDouble {
  onBeforeRequest(listener: RequestListener): void {
    handlers.beforeRequest = listener;
  }
}

export class SessionDouble {
  readonly protocol = new ProtocolDouble();
  readonly webRequest = new WebRequestDouble();

  setPermissionRequestHandler(handler: PermissionRequest): void {
    handlers.request = handler;
  }

  setPermissionCheckHandler(handler: PermissionCheck): void {
    handlers.check = handler;
  }

  setDevicePermissionHandler(handler: (details: object) => boolean): void {
    handlers.device = handler;
  }

  setDisplayMediaRequestHandler(_handler: unknown): void {}
}
