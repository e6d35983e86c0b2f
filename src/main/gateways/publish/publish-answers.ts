import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** What is said to a publisher. */
export interface Answer {
  readonly status: number;
  /** As it stands behind the number; some source clients show nothing else to people. */
  readonly reason: string;
  readonly sentence: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A way to answer a publisher: by Node's HTTP, or by hand on a bare connection. */
export interface Answering {
  /** It may send now. */
  goAhead(): void;
  /** The last word; the connection ends with it. Nothing is said where an earlier word was the last one. */
  finish(answer: Answer): void;
}

export function answeringHttp(response: ServerResponse, expectsContinue: boolean): Answering {
  return {
    goAhead: () => {
      if (expectsContinue) response.writeContinue();
    },
    finish: ({ status, reason, sentence, headers = {} }) => {
      if (response.headersSent || response.destroyed) return;
      const body = `${sentence}\n`;
      response.writeHead(status, reason, {
        'Content-Type': 'text/plain; charset=utf-8',
        'Content-Length': Buffer.byteLength(body),
        // What else it sends is not read: the connection is of no further use.
        Connection: 'close',
        ...headers,
      });
      response.end(body);
    },
  };
}

/** Clients that ask to go ahead get the final answer at the end; the others want it before they send anything. */
export function answeringRaw(socket: Duplex, expectsContinue: boolean): Answering {
  let saidLast = false;
  return {
    goAhead: () => {
      saidLast = !expectsContinue;
      socket.write(expectsContinue ? 'HTTP/1.1 100 Continue\r\n\r\n' : 'HTTP/1.0 200 OK\r\n\r\n');
    },
    finish: ({ status, reason, sentence, headers = {} }) => {
      if (socket.destroyed) return;
      const body = `${sentence}\n`;
      const lines = [
        `HTTP/1.0 ${status} ${reason}`,
        'Content-Type: text/plain; charset=utf-8',
        `Content-Length: ${Buffer.byteLength(body)}`,
        'Connection: close',
        ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      ];
      socket.end(saidLast ? undefined : `${lines.join('\r\n')}\r\n\r\n${body}`);
      saidLast = true;
      // What else it sends is thrown away, so that the answer is not lost with an early close.
      socket.resume();
    },
  };
}
