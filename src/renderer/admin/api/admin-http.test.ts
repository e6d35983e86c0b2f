import { expect, test } from 'vitest';
import { setupStateSchema } from '../../../contract/admin.ts';
import { AdminHttp } from './admin-http.ts';

/** HTTP with one made-up answer, and what was asked. */
function place(answer: () => Response, token: string | null = 'a.b.c') {
  const asked: { address: string; init: RequestInit }[] = [];
  const expired: string[] = [];
  const http = new AdminHttp({
    fetch: (address, init) => {
      asked.push({ address, init });
      return new Promise((resolve) => resolve(answer()));
    },
    token: () => token,
    onExpired: (old) => expired.push(old),
  });
  return { http, asked, expired };
}

const json = (status: number, body: unknown): Response => new Response(JSON.stringify(body), { status });
const ask = { method: 'GET', path: '/api/setup' } as const;

test('a good answer is read, and the token goes along as a header and nowhere else', async () => {
  const { http, asked } = place(() => json(200, { needed: true }));
  expect(await http.ask(ask, setupStateSchema)).toEqual({ ok: true, value: { needed: true } });
  const [first] = asked;
  expect(first?.address).toBe('/api/setup');
  expect(new Headers(first?.init.headers).get('authorization')).toBe('Bearer a.b.c');
  expect(first?.init.credentials).toBe('omit');
  expect(first?.init.body).toBeUndefined();
});

test('without a session there is no token to send', async () => {
  const { http, asked } = place(() => json(200, { needed: true }), null);
  await http.ask(ask, setupStateSchema);
  expect(new Headers(asked[0]?.init.headers).has('authorization')).toBe(false);
});

test('an answer without a body is a good one where none is wanted', async () => {
  const { http, asked } = place(() => new Response(null, { status: 204 }));
  expect(await http.tell({ method: 'POST', path: '/api/kick', body: { member: 1 } })).toEqual({
    ok: true,
    value: null,
  });
  expect(asked[0]?.init.body).toBe('{"member":1}');
  expect(new Headers(asked[0]?.init.headers).get('content-type')).toBe('application/json');
});

test('a refusal brings the sentence of the relay', async () => {
  const { http } = place(() => json(403, { code: 'permission', sentence: 'You may not.' }));
  expect(await http.tell(ask)).toEqual({ ok: false, code: 'permission', sentence: 'You may not.' });
});

test('a token that is taken no more ends the session; without one, it is a refusal like others', async () => {
  const body = { code: 'notLoggedIn', sentence: 'Log in first.' };
  const inside = place(() => json(401, body));
  expect(await inside.http.tell(ask)).toMatchObject({ ok: false, code: 'expired' });
  expect(inside.expired).toEqual(['a.b.c']);
  const outside = place(() => json(401, body), null);
  expect(await outside.http.tell(ask)).toEqual({ ok: false, ...body });
  expect(outside.expired).toEqual([]);
});

test.each([
  ['something else', json(200, { needed: 'perhaps' })],
  ['no JSON', new Response('<html>', { status: 200 })],
  ['more than agreed', json(200, { needed: true, more: 1 })],
  ['a refusal of another shape', json(500, { error: 'x' })],
  ['a refusal in HTML', new Response('<html>', { status: 502 })],
])('%s is not understood, and said so', async (_name, response) => {
  const { http } = place(() => response);
  expect(await http.ask(ask, setupStateSchema)).toMatchObject({ ok: false, code: 'notUnderstood' });
});

test('no answer at all is a sentence too', async () => {
  const { http } = place(() => {
    throw new TypeError('Failed to fetch');
  });
  expect(await http.tell(ask)).toMatchObject({ ok: false, code: 'unreachable' });
});
