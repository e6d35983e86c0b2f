import { expect, test } from 'vitest';
import { createRng } from '../../../core/base/rng.ts';
import { channelOf, packetOf, TEST_LIMITS } from '../../../core/program/program-rig.ts';
import { Programs } from '../../../core/program/programs.ts';
import { INTERLEAVED_HEADER_BYTES } from '../../../core/rtp/interleaved-frame.ts';
import { RtpSender } from '../../../core/rtp/rtp-sender.ts';
import { PublisherWork } from './publisher-work.ts';

const PAYLOAD_TYPE = 111;

test('a program keeps the packets of a publisher, and not the buffers that they came in', () => {
  const programs = new Programs({
    limits: TEST_LIMITS,
    secretsInTheClear: false,
    equalSecrets: (one, other) => one === other,
    fitsPassword: () => false,
  });
  const channel = channelOf();
  programs.setChannels([channel]);
  const answer = programs.admit(
    {
      channel: channel.slug,
      purpose: 'publish',
      proof: { kind: 'secret', secret: channel.publishKey ?? '' },
      address: '127.0.0.1',
      private: true,
      onDidRevoke: () => undefined,
    },
    0,
  );
  if (!answer.ok) throw new Error(answer.reason);
  const work = new PublisherWork(
    answer.visit,
    PAYLOAD_TYPE,
    () => 0,
    () => undefined,
  );
  const sender = new RtpSender(PAYLOAD_TYPE, createRng(1));
  for (let count = 0; count < 3; count += 1) {
    const packet = sender.packet(packetOf(count), 960 * count, false).subarray(INTERLEAVED_HEADER_BYTES);
    // As the other process hands it over: in the middle of everything else that came.
    const chunk = new Uint8Array(65_536);
    chunk.set(packet, 100);
    work.handlePacket(chunk.subarray(100, 100 + packet.length));
  }
  const frames = answer.visit.program.recentFrames(48_000);
  expect(frames.map(({ payload }) => payload)).toEqual([packetOf(0), packetOf(1), packetOf(2)]);
  for (const { payload } of frames) expect(payload.buffer.byteLength).toBe(payload.length);
  work.handleClosed();
  expect(programs.visits).toBe(0);
});
