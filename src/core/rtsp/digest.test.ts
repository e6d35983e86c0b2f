import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readAuthorization } from './authorization.ts';
import { challenges, type DigestFunctions, digestHashes, judgeDigest } from './digest.ts';
import { MAX_NONCES, MAX_UNCOUNTED_USES, NONCE_LIFE_MS, NonceBook } from './nonce-book.ts';
import { RtspReader } from './rtsp-reader.ts';
import { TRANSCRIPTS } from './transcripts.ts';

const FUNCTIONS: DigestFunctions = {
  md5: (text) => createHash('md5').update(text).digest('hex'),
  sha256: (text) => createHash('sha256').update(text).digest('hex'),
  equal: (one, other) => one === other,
};

/** The password that was given to the players when their transcripts were made. */
const PASSWORDS = [digestHashes('another', FUNCTIONS), digestHashes('open sesame', FUNCTIONS)];

function loginsOf(bytes: Uint8Array): { method: string; parameters: ReadonlyMap<string, string> }[] {
  const reader = new RtspReader();
  reader.push(bytes);
  const logins: { method: string; parameters: ReadonlyMap<string, string> }[] = [];
  for (let item = reader.next(); item !== null; item = reader.next()) {
    if (item.kind !== 'request') continue;
    const read = readAuthorization(item.head.headers.get('authorization') ?? '');
    if (read?.scheme === 'digest') logins.push({ method: item.head.method, parameters: read.parameters });
  }
  return logins;
}

function judge(
  login: { method: string; parameters: ReadonlyMap<string, string> },
  nonces: NonceBook,
  changes: Record<string, string> = {},
  nowMs = 0,
): string {
  const parameters = new Map([...login.parameters, ...Object.entries(changes)]);
  return judgeDigest({ ...login, parameters, passwords: PASSWORDS }, FUNCTIONS, nonces, nowMs);
}

const withPassword = TRANSCRIPTS.filter(({ name }) => name.includes('password'));

describe('logins of real players', () => {
  it.each(withPassword.map(({ name, bytes }) => [name, bytes] as const))('are right: %s', (_, bytes) => {
    const logins = loginsOf(bytes);
    expect(logins.length).toBeGreaterThan(2);
    const nonces = new NonceBook();
    nonces.issue(logins[0]?.parameters.get('nonce') ?? '', 0);
    expect(logins.map((login) => judge(login, nonces))).toEqual(logins.map(() => 'right'));
  });

  it('are wrong with anything changed, and right once', () => {
    const [login] = loginsOf(withPassword[0]?.bytes ?? new Uint8Array());
    if (login === undefined) throw new Error('no login was recorded');
    const nonces = new NonceBook();
    expect(judge(login, nonces)).toBe('stale');
    nonces.issue(login.parameters.get('nonce') ?? '', 0);
    for (const name of ['username', 'realm', 'nonce', 'uri', 'response', 'cnonce'])
      expect([name, judge(login, nonces, { [name]: 'another' })]).toEqual([name, 'wrong']);
    expect(judge({ ...login, method: 'PLAY' }, nonces)).toBe('wrong');
    for (const changes of [
      { algorithm: 'MD5-sess' },
      { qop: 'auth-int' },
      { nc: '1' },
      { cnonce: '' },
      { response: '' },
    ])
      expect([changes, judge(login, nonces, changes)]).toEqual([changes, 'malformed']);
    expect(judge(login, nonces)).toBe('right');
    expect(judge(login, nonces)).toBe('stale');
  });
});

describe('a login by SHA-256', () => {
  it('is judged as RFC 7616 has it', () => {
    const hash = FUNCTIONS.sha256;
    const middle = 'n:0000000a:c:auth';
    const response = hash(
      `${hash('listener:Sidetone:open sesame')}:${middle}:${hash('DESCRIBE:rtsp://h/m')}`,
    );
    const header = `Digest username="listener", realm="Sidetone", nonce="n", uri="rtsp://h/m", algorithm=SHA-256, qop=auth, nc=0000000a, cnonce="c", response="${response}"`;
    const read = readAuthorization(header);
    if (read?.scheme !== 'digest') throw new Error('not read');
    const login = { method: 'DESCRIBE', parameters: read.parameters };
    const nonces = new NonceBook();
    nonces.issue('n', 0);
    expect(judge(login, nonces)).toBe('right');
    expect(judge(login, nonces, { algorithm: 'MD5' })).toBe('wrong');
  });
});

describe('challenges', () => {
  it('end with the one that every player knows, realm and nonce first', () => {
    expect(challenges('n', true, true)).toEqual([
      'Basic realm="Sidetone"',
      'Digest realm="Sidetone", nonce="n", algorithm=SHA-256, qop="auth", stale=true',
      'Digest realm="Sidetone", nonce="n", algorithm=MD5, qop="auth", stale=true',
    ]);
    expect(challenges('n', false, false).length).toBe(2);
  });
});

describe('nonces', () => {
  it('are good for a while, each count once and only forward', () => {
    const nonces = new NonceBook();
    nonces.issue('n', 0);
    expect([1, 1, 3, 2, 4].map((count) => nonces.use('n', count, 0))).toEqual([
      true,
      false,
      true,
      false,
      true,
    ]);
    expect(nonces.use('n', 5, NONCE_LIFE_MS - 1)).toBe(true);
    expect(nonces.use('n', 6, NONCE_LIFE_MS)).toBe(false);
    expect(nonces.size).toBe(0);
  });

  it('are good for so many uses by players that do not count', () => {
    const nonces = new NonceBook();
    nonces.issue('n', 0);
    for (let use = 0; use < MAX_UNCOUNTED_USES; use += 1) expect(nonces.use('n', null, 0)).toBe(true);
    expect(nonces.use('n', null, 0)).toBe(false);
  });

  it('are forgotten, the oldest first, when there are too many', () => {
    const nonces = new NonceBook();
    for (let count = 0; count <= MAX_NONCES; count += 1) nonces.issue(`n${count}`, 0);
    expect(nonces.size).toBe(MAX_NONCES);
    expect([nonces.use('n0', 1, 0), nonces.use('n1', 1, 0)]).toEqual([false, true]);
  });
});
