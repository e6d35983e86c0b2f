import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { LaneSocket, MAX_LANE_BACKLOG_BYTES, MAX_VOICE_BACKLOG_BYTES } from './lane-socket.ts';

/** More than the kernel keeps for a reader who does not read. */
const STUFFING = 'x'.repeat(262_144);

let server: WebSocketServer;
let reader: WebSocket;
let socket: WebSocket;
let lane: LaneSocket;

beforeEach(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  reader = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  [socket] = (await once(server, 'connection')) as [WebSocket];
  await once(reader, 'open');
  lane = new LaneSocket(socket);
});
afterEach(() => {
  reader.terminate();
  server.close();
});

/** The reader stops, and what it has not read passes `bytes`. */
async function fallBehind(bytes: number): Promise<void> {
  reader.pause();
  let turn = 1_000;
  while (lane.backlogBytes <= bytes) {
    expect(lane.sendText(STUFFING, turn)).toBe('sent');
    turn += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

it('cuts the lane of a reader who stopped, and not before', async () => {
  await fallBehind(MAX_LANE_BACKLOG_BYTES);
  expect(lane.sendText('one too many', 1)).toBe('tooSlow');
  expect(lane.sendText('into the void', 2)).toBe('gone');
  await once(socket, 'close');
});

it('lets one turn send a whole inbox', () => {
  // The kernel takes a few megabytes off our hands at once.
  for (let n = 0; n < 64; n += 1) expect(lane.sendText(STUFFING, 7)).toBe('sent');
  expect(lane.backlogBytes).toBeGreaterThan(MAX_LANE_BACKLOG_BYTES);
  expect(lane.sendText('the next turn sees it', 8)).toBe('tooSlow');
});

it('leaves voice out for a reader who is behind, and goes on when it has caught up', async () => {
  const heard: number[] = [];
  reader.on('message', (data, isBinary) => {
    if (isBinary) heard.push((data as Buffer).length);
  });
  expect(lane.sendDatagram(new Uint8Array(3))).toBe('sent');
  await fallBehind(MAX_VOICE_BACKLOG_BYTES);
  expect(lane.sendDatagram(new Uint8Array(4))).toBe('tooSlow');
  reader.resume();
  await expect.poll(() => lane.backlogBytes).toBe(0);
  expect(lane.sendDatagram(new Uint8Array(5))).toBe('sent');
  await expect.poll(() => heard).toEqual([3, 5]);
});

it('gives the socket one message after the other, in order, and closes behind the last', async () => {
  const heard: string[] = [];
  reader.on('message', (data) => heard.push(data.toString()));
  const texts = Array.from({ length: 20 }, (_, at) => `${at} ${'x'.repeat(15_000)}`);
  for (const text of texts) lane.sendText(text, 1);
  // Its frame's header goes along.
  expect(socket.bufferedAmount).toBeLessThan(2 * 15_000);
  lane.close();
  await once(reader, 'close');
  expect(heard).toEqual(texts);
});

it('hangs up on a peer that does not answer a close', { timeout: 10_000 }, async () => {
  reader.pause();
  lane.close();
  await once(socket, 'close');
});
