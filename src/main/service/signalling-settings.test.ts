import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parsePortRange } from './listening-settings.ts';
import { parseRobot, parseUplink } from './signalling-settings.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('parseUplink', () => {
  it('reads the words in any order', () => {
    const plain = {
      url: 'https://relay.example.org/webrtc-relay',
      robotId: 'studio-1',
      apiKey: 'k=e=y',
      channel: 'lobby',
      reconnectMs: 5_000,
      credentialsInHeader: false,
    };
    expect(parseUplink(`${plain.url} robot=studio-1 key=k=e=y channel=lobby`)).toEqual(plain);
    expect(
      parseUplink(`  ${plain.url}  header channel=lobby reconnect=90 key=k=e=y robot=studio-1 `),
    ).toEqual({ ...plain, reconnectMs: 90_000, credentialsInHeader: true });
  });

  it.each([
    '',
    'relay.example.org robot=a key=b channel=c',
    'ftp://relay.example.org robot=a key=b channel=c',
    'wss://relay.example.org key=b channel=c',
    'wss://relay.example.org robot=a channel=c',
    'wss://relay.example.org robot=a key=b',
    'wss://relay.example.org robot=a/b key=b channel=c',
    'wss://relay.example.org robot=a key=b channel=c channel=d',
    'wss://relay.example.org robot=a key=b channel=c colour=red',
    'wss://relay.example.org robot=a key=b channel=c reconnect=0',
    'wss://relay.example.org robot=a key=b channel=c reconnect=3601',
    'wss://relay.example.org robot=a key=b channel=c header=yes',
    `wss://relay.example.org robot=a key=${'k'.repeat(257)} channel=c`,
  ])('refuses %j', (text) => {
    expect(parseUplink(text)).toBeNull();
  });
});

describe('parseRobot', () => {
  it('keeps keys as their hashes', () => {
    const key = '0123456789abcdef';
    expect(parseRobot(`studio key=${key}`)).toEqual({
      robotId: 'studio',
      apiKeySha256: sha256(key),
      viewerKeySha256: null,
    });
    expect(parseRobot(`studio viewer=${key}x key=${key}`)?.viewerKeySha256).toBe(sha256(`${key}x`));
  });

  it.each([
    'studio',
    'stu/dio key=0123456789abcdef',
    'studio key=0123456789abcde',
    `studio key=${'k'.repeat(257)}`,
    'studio key=0123456789abcdef viewer=short',
    'studio key=0123456789abcdef key=0123456789abcdef',
    'studio key=0123456789abcdef door=open',
  ])('refuses %j', (text) => {
    expect(parseRobot(text)).toBeNull();
  });
});

describe('parsePortRange', () => {
  it('takes ten ports or more', () => {
    expect(parsePortRange('50000-50009')).toEqual({ first: 50_000, last: 50_009 });
    expect(parsePortRange('1-65535')).toEqual({ first: 1, last: 65_535 });
    for (const text of ['50000-50008', '0-100', '65000-65536', '50100-50000', '50000', '', 'a-b'])
      expect(parsePortRange(text)).toBeNull();
  });
});
