import type { HttpSurroundings } from '../api/admin-http.ts';
import type { FakeRelay } from './fake-relay.ts';

function eventsOf(relay: FakeRelay, signal: AbortSignal | null): Response {
  const text = new TextEncoder();
  let end = (): void => undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      end = relay.watch((event) => controller.enqueue(text.encode(`data: ${JSON.stringify(event)}\n\n`)));
      signal?.addEventListener('abort', () => {
        end();
        controller.error(signal.reason);
      });
    },
    cancel: () => end(),
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
}

/** Carries requests to a made-up relay in the page itself. */
export function fakeFetch(relay: FakeRelay): HttpSurroundings['fetch'] {
  return (address, init) => {
    const { pathname, searchParams } = new URL(address, 'http://relay.example');
    const authorization = new Headers(init.headers).get('authorization');
    const token = authorization?.replace(/^Bearer /u, '') ?? null;
    if (pathname === '/api/events' && relay.holds(token))
      return Promise.resolve(eventsOf(relay, init.signal ?? null));
    const { status, body } = relay.handle({
      method: init.method ?? 'GET',
      path: pathname,
      query: searchParams,
      token,
      body: typeof init.body === 'string' ? JSON.parse(init.body) : null,
    });
    return Promise.resolve(
      new Response(body === undefined ? null : JSON.stringify(body), {
        status,
        headers: { 'content-type': 'application/json' },
      }),
    );
  };
}
