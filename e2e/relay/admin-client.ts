import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { adminProblemSchema, adminRoomSchema, grantSchema } from '../../src/contract/admin.ts';
import type { RelayUnderTest } from './relay-under-test.ts';

/** Who runs the room. Neither may be in any log. */
export const ACCOUNT = { name: 'marker.account', password: 'Marker-password-1' } as const;

/** Talks to the admin API of a room as a dashboard does. */
export class AdminClient {
  readonly #url: string;
  #token = '';

  constructor(port: number) {
    this.#url = `http://127.0.0.1:${port}`;
  }

  async get(path: string): Promise<{ status: number; body: unknown }> {
    return this.#ask('GET', path);
  }

  async post(path: string, body: unknown): Promise<{ status: number; body: unknown }> {
    return this.#ask('POST', path, body);
  }

  async put(path: string, body: unknown): Promise<{ status: number; body: unknown }> {
    return this.#ask('PUT', path, body);
  }

  /** Makes the first account. @returns the status */
  async setUp(code: string): Promise<number> {
    const { status, body } = await this.post('/api/setup', { code, ...ACCOUNT });
    const grant = grantSchema.safeParse(body);
    if (grant.success) this.#token = grant.data.token;
    return status;
  }

  /** @returns the status */
  async logIn(password: string = ACCOUNT.password): Promise<number> {
    const { status, body } = await this.post('/api/login', { name: ACCOUNT.name, password });
    const grant = grantSchema.safeParse(body);
    if (grant.success) this.#token = grant.data.token;
    return status;
  }

  /** Nicknames in the room. */
  async nicknames(): Promise<string[]> {
    const { status, body } = await this.get('/api/room');
    const room = adminRoomSchema.safeParse(body);
    if (room.success) return room.data.members.map(({ nickname }) => nickname).toSorted();
    const problem = adminProblemSchema.safeParse(body);
    throw new Error(
      `the room was not told (${status}): ${problem.data?.sentence ?? z.prettifyError(room.error)}`,
    );
  }

  async #ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(this.#token === '' ? {} : { authorization: `Bearer ${this.#token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : parsed(text) };
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The one-time code, out of the file that the log names, and that file. */
export async function setupCodeOf(relay: RelayUnderTest): Promise<{ code: string; path: string }> {
  const path = String((await relay.logged('setupCodeWritten'))['path']);
  return { code: readFileSync(path, 'utf8').trim(), path };
}
