import { adminProblemSchema } from '../../../contract/admin.ts';

/** What a request comes to. */
export type Answer<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly code: string; readonly sentence: string };

/** What tells whether an answer has the shape that was agreed: a schema of the contract. */
export interface Shape<Value> {
  safeParse(value: unknown): { readonly success: true; readonly data: Value } | { readonly success: false };
}

/** Codes of refusals that this page makes up itself. */
export const UNREACHABLE = 'unreachable';
export const NOT_UNDERSTOOD = 'notUnderstood';
export const EXPIRED = 'expired';

const sentences = {
  [UNREACHABLE]: 'The relay does not answer. Check that it is running, then try again.',
  [NOT_UNDERSTOOD]: 'The relay answered something that this page does not understand. Load the page again.',
  [EXPIRED]: 'Your session has ended. Log in again.',
} as const;

/** What was not done, and why. */
export type Refusal = Extract<Answer<never>, { ok: false }>;

/** A refusal in the words of this page. */
function refusal(code: keyof typeof sentences): Refusal {
  return { ok: false, code, sentence: sentences[code] };
}

/** HTTP: the token is missing, wrong or too old (RFC 9110 section 15.5.2). */
const UNAUTHORIZED = 401;

/** What stands around the requests. */
export interface HttpSurroundings {
  readonly fetch: (address: string, init: RequestInit) => Promise<Response>;
  /** Of the session; null outside of one. */
  readonly token: () => string | null;
  /** The server takes the token no more. */
  readonly onExpired: (token: string) => void;
}

interface Ask {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  /** Ends the request early. */
  readonly signal?: AbortSignal;
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

/** Requests to the admin API with the session's token. Never rejects: what goes wrong is an answer. */
export class AdminHttp {
  private readonly around: HttpSurroundings;

  constructor(around: HttpSurroundings) {
    this.around = around;
  }

  /** Asks for something, and reads the answer. */
  async ask<Value>(ask: Ask, shape: Shape<Value>): Promise<Answer<Value>> {
    const response = await this.open(ask);
    if (!(response instanceof Response)) return response;
    const read = shape.safeParse(await readJson(response));
    return read.success ? { ok: true, value: read.data } : refusal(NOT_UNDERSTOOD);
  }

  /** Asks for something to be done; what else the answer holds does not matter. */
  async tell(ask: Ask): Promise<Answer<null>> {
    const response = await this.open(ask);
    if (!(response instanceof Response)) return response;
    await response.body?.cancel().catch(() => undefined);
    return { ok: true, value: null };
  }

  /** Sends a request; answers with the response when it is a good one, its body unread. */
  async open(ask: Ask): Promise<Response | Refusal> {
    const token = this.around.token();
    let response: Response;
    try {
      response = await this.around.fetch(ask.path, {
        method: ask.method,
        cache: 'no-store',
        // The token is the only credential: no cookie could carry a request that somebody else's page made up.
        credentials: 'omit',
        headers: {
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(ask.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(ask.body === undefined ? {} : { body: JSON.stringify(ask.body) }),
        ...(ask.signal === undefined ? {} : { signal: ask.signal }),
      });
    } catch {
      return refusal(UNREACHABLE);
    }
    if (response.ok) return response;
    if (response.status === UNAUTHORIZED && token !== null) {
      this.around.onExpired(token);
      return refusal(EXPIRED);
    }
    const problem = adminProblemSchema.safeParse(await readJson(response));
    return problem.success ? { ok: false, ...problem.data } : refusal(NOT_UNDERSTOOD);
  }
}
