import type { Shape } from '../api/admin-http.ts';

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly token: string | null;
  readonly body: unknown;
}

/** `body` undefined: none. */
export interface FakeAnswer {
  readonly status: number;
  readonly body?: unknown;
}

/** It is done, and there is nothing to say. */
export const DONE: FakeAnswer = { status: 204 };
/** Says no, in words. */
export function refuse(status: number, code: string, sentence: string): FakeAnswer {
  return { status, body: { code, sentence } };
}

/** Reads a body, or refuses it. */
export function withBody<Body>(
  shape: Shape<Body>,
  body: unknown,
  use: (body: Body) => FakeAnswer,
): FakeAnswer {
  const read = shape.safeParse(body);
  return read.success ? use(read.data) : refuse(400, 'badRequest', 'The request has not the right shape.');
}
