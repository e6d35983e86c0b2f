import { describe, expect, it } from 'vitest';
import { opusPacketSamples } from './opus-duration.ts';

/** First byte of a packet (RFC 6716, section 3.1). */
const toc = (configuration: number, code: number): number => (configuration << 3) | code;

describe('opusPacketSamples', () => {
  it.each([
    ['SILK 10 ms', [toc(0, 0)], 480],
    ['SILK 60 ms', [toc(3, 0)], 2_880],
    ['wideband SILK 20 ms', [toc(9, 0)], 960],
    ['hybrid 10 ms', [toc(14, 0)], 480],
    ['hybrid 20 ms', [toc(15, 0)], 960],
    ['CELT 2.5 ms', [toc(16, 0)], 120],
    ['CELT 20 ms', [toc(31, 0)], 960],
    ['two equal frames', [toc(31, 1)], 1_920],
    ['two frames', [toc(31, 2)], 1_920],
    ['three frames', [toc(31, 3), 3], 2_880],
    ['as many frames as fit 120 ms', [toc(31, 3), 6], 5_760],
    ['more than 120 ms', [toc(31, 3), 7], 0],
    ['no frames', [toc(31, 3), 0], 0],
    ['the count missing', [toc(31, 3)], 0],
    ['nothing', [], 0],
  ])('%s', (_name, packet, samples) => {
    expect(opusPacketSamples(Uint8Array.from(packet))).toBe(samples);
  });
});
