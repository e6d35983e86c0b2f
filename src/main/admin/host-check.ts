import type { IncomingMessage } from 'node:http';
import { bareAddress, isLoopback } from './address-key.ts';

/** Names that only ever mean the machine itself. */
const LOOPBACK_NAMES: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/** A Host header (RFC 9110, section 7.2), taken apart. */
const HOST_HEADER = /^(\[[0-9a-f:.]+\]|[^:[\]/@\s]+)(?::(\d{1,5}))?$/i;

interface HostCheckOptions {
  /** The port that is listened on. */
  readonly port: () => number;
  readonly publicHosts: readonly string[];
  readonly behindProxy: boolean;
  readonly scheme: 'http' | 'https';
}

/** How an address stands in a URL. */
export function hostInUrl(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

/**
 * Whether a request names a host that is us. A page from elsewhere can have its own name point to this machine (DNS
 * rebinding), but cannot make the browser send another name than its own; names of addresses cannot be rebound.
 */
export class HostCheck {
  readonly #options: HostCheckOptions;
  readonly #publicHosts: ReadonlySet<string>;

  constructor(options: HostCheckOptions) {
    this.#options = options;
    this.#publicHosts = new Set(options.publicHosts.map((host) => host.toLowerCase()));
  }

  admits(request: IncomingMessage): boolean {
    const parts = HOST_HEADER.exec(request.headers.host ?? '');
    const name = parts?.[1]?.toLowerCase();
    if (name === undefined) return false;
    // A public name may be mapped to this port from another one.
    if (this.#publicHosts.has(name)) return true;
    const own = bareAddress(request.socket.localAddress ?? '');
    const known = LOOPBACK_NAMES.includes(name) ? isLoopback(own) : name === hostInUrl(own);
    return known && (this.#options.behindProxy || this.#isOwnPort(parts?.[2]));
  }

  /** The request came from this machine, and was meant for it by name. */
  isLocal(request: IncomingMessage): boolean {
    if (this.#options.behindProxy || !isLoopback(request.socket.remoteAddress ?? '')) return false;
    const name = HOST_HEADER.exec(request.headers.host ?? '')?.[1]?.toLowerCase() ?? '';
    return LOOPBACK_NAMES.includes(name);
  }

  #isOwnPort(port: string | undefined): boolean {
    const { scheme } = this.#options;
    return Number(port ?? (scheme === 'https' ? 443 : 80)) === this.#options.port();
  }
}
