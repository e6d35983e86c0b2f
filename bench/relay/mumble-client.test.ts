import { describe, expect, it } from 'vitest';
import { frameMessage, takeMessages } from './mumble-client.ts';

const AUTHENTICATE = 2;
const PING = 3;

function taken(bytes: Buffer): { messages: [number, string][]; rest: Buffer } {
  const messages: [number, string][] = [];
  const rest = takeMessages(bytes, (type, body) => messages.push([type, body.toString('hex')]));
  return { messages, rest };
}

describe("messages of Mumble's control channel", () => {
  it('bear type and length, big-endian', () => {
    expect(frameMessage(AUTHENTICATE, [[1, 'a']]).toString('hex')).toBe('0002000000030a0161');
  });

  it('are taken off what has come in, however it was cut', () => {
    const bytes = Buffer.concat([frameMessage(AUTHENTICATE, [[1, 'a']]), frameMessage(PING, [[1, 150]])]);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const first = taken(bytes.subarray(0, cut));
      const second = taken(Buffer.concat([first.rest, bytes.subarray(cut)]));
      expect([...first.messages, ...second.messages]).toEqual([
        [AUTHENTICATE, '0a0161'],
        [PING, '089601'],
      ]);
      expect(second.rest).toHaveLength(0);
    }
  });
});
