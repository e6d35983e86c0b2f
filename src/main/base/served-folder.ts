import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import send from '@fastify/send';

/** What is said of a file that is none, or that nobody may have. */
const MISSING = new Set([400, 403, 404]);

/**
 * Files of one folder, for browsers, with what HTTP has for them: ranges, validators, HEAD. A file that vanishes or
 * cannot be read, because the program is being replaced by a newer one, costs its own answer and nothing else.
 */
export class ServedFolder {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /**
   * Answers a GET or HEAD. Headers that stand in the response already stay; how long it may be kept is among them.
   *
   * @param path as it stands in a URL, without query @param onMissing answers instead, when there is no such file
   */
  serve(request: IncomingMessage, response: ServerResponse, path: string, onMissing: () => void): void {
    this.#answer(request, response, path, onMissing).catch(() => response.destroy());
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    onMissing: () => void,
  ): Promise<void> {
    const options = { root: this.#root, index: false, dotfiles: 'ignore', cacheControl: false } as const;
    const { type, statusCode, headers, stream } = await send(request, path, options);
    if (type === 'directory' || (type === 'error' && MISSING.has(statusCode))) {
      stream.destroy();
      onMissing();
      return;
    }
    response.writeHead(statusCode, headers);
    // Whatever is wrong with the file now: the browser sees an answer that breaks off.
    pipeline(stream, response, () => undefined);
  }
}
