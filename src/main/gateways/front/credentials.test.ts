import { expect, test } from 'vitest';
import { proofOf, proofOfPublisher, proofOfSecret, proofOfUpgrade } from './credentials.ts';

const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;
const url = (query = ''): URL => new URL(`http://relay.invalid/ws${query}`);
const secret = (text: string): object => ({ kind: 'secret', secret: text });
const none = { kind: 'none' };

test.each([
  ['?key=k', undefined, secret('k')],
  ['', basic('listener:p:w'), secret('p:w')],
  ['', basic('listener:pässwort'), secret('pässwort')],
  ['?key=k', basic('listener:p'), secret('k')],
  ['', undefined, none],
  ['', 'Bearer abc', none],
  ['', basic('no colon'), none],
  ['', basic('listener:'), none],
  ['', 'Basic !!!', none],
  ['?key=', undefined, none],
])('%s and %s show %j', (query, authorization, proof) => {
  const headers = authorization === undefined ? {} : { authorization };
  expect(proofOf(url(query), { headers })).toEqual(proof);
});

test.each([
  [256, true],
  [257, false],
])('a secret of %i characters is looked at: %s', (length, looked) => {
  expect(proofOfSecret('s'.repeat(length)).kind).toBe(looked ? 'secret' : 'none');
});

test.each([
  [undefined, secret('p')],
  ['https://relay.example:48480', secret('p')],
  ['https://elsewhere.example', none],
  ['https://relay.example', none],
  ['null', none],
])('what a browser remembers is nothing to a page from %s', (origin, proof) => {
  const headers = { host: 'relay.example:48480', authorization: basic('listener:p') };
  expect(proofOfUpgrade(url(), { headers: origin === undefined ? headers : { ...headers, origin } })).toEqual(
    proof,
  );
});

test.each([
  ['none', secret('p')],
  ['same-origin', secret('p')],
  ['same-site', none],
  ['cross-site', none],
])('nor is it to a picture that is loaded %s', (site, proof) => {
  const headers = { host: 'relay.example', authorization: basic('source:p'), 'sec-fetch-site': site };
  expect(proofOfPublisher(url('?mode=updinfo'), { headers })).toEqual(proof);
});

test('a key in the address is anybody’s who knows it', () => {
  const headers = { host: 'relay.example', origin: 'https://elsewhere.example' };
  expect(proofOfUpgrade(url('?key=k'), { headers })).toEqual(secret('k'));
});
