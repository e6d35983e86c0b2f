import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type Passed, TraceProxy } from './trace-proxy.ts';
import type { AudioSink, AudioSource, Candidate, Description, PeerConnection, Wrtc } from './wrtc.ts';

const RATE_HZ = 48_000;
const BLOCK_SAMPLES = 480;
const BLOCK_MS = 10;
/** How often the feeder looks whether a block is due. */
const FEED_MS = 3;
const FULL_SCALE = 32_767;

/** Beyond the length of the trace, until a call counts as stuck. */
const MAX_SETUP_MS = 15_000;

/** What WebRTC says of its jitter buffer, W3C's names; delays in seconds, the rest in samples. */
const statisticsSchema = z.object({
  jitterBufferDelay: z.number(),
  jitterBufferTargetDelay: z.number(),
  jitterBufferEmittedCount: z.number(),
  totalSamplesReceived: z.number(),
  concealedSamples: z.number(),
  silentConcealedSamples: z.number(),
  insertedSamplesForDeceleration: z.number(),
  removedSamplesForAcceleration: z.number(),
  packetsReceived: z.number(),
});

export type RealStatistics = z.infer<typeof statisticsSchema>;

export interface RealCall {
  readonly statistics: RealStatistics;
  readonly passed: readonly Passed[];
  /** When 10 ms were taken out of the receiver, as far as the event loop saw it in time. */
  readonly pullsMs: readonly number[];
}

/** Opus alone, 20 ms packets, no in-band FEC, no silence left out. */
function plainOpus({ type, sdp }: Description): Description {
  const payloadType = /a=rtpmap:(\d+) opus\/48000/.exec(sdp)?.[1] ?? '111';
  const lines = sdp
    .split('\r\n')
    .map((line) => line.replace(/^(m=audio \S+ \S+) .*$/, `$1 ${payloadType}`))
    .filter((line) => {
      const about = /^a=(?:rtpmap|fmtp|rtcp-fb):(\d+) /.exec(line)?.[1];
      return about === undefined || about === payloadType;
    })
    .map((line) => line.replace(/^(a=fmtp:\d+) .*$/, '$1 minptime=20;useinbandfec=0;usedtx=0'));
  return { type, sdp: lines.join('\r\n') };
}

/** Hands a candidate on with the proxy's port in place of its own; only IPv4 loopback is used. */
function divert(
  from: PeerConnection,
  to: PeerConnection,
  proxyPort: number,
  onPort: (port: number) => void,
): void {
  from.onicecandidate = ({ candidate }) => {
    const fields = candidate?.candidate.split(' ') ?? [];
    if (!candidate || fields[2]?.toLowerCase() !== 'udp' || fields[4] !== '127.0.0.1') return;
    onPort(Number(fields[5]));
    fields[5] = String(proxyPort);
    const diverted: Candidate = { ...candidate, candidate: fields.join(' ') };
    void to.addIceCandidate({
      candidate: diverted.candidate,
      sdpMid: candidate.sdpMid,
      sdpMLineIndex: candidate.sdpMLineIndex,
    });
  };
}

async function connect(sender: PeerConnection, receiver: PeerConnection, proxy: TraceProxy): Promise<void> {
  divert(sender, receiver, proxy.portForReceiver, (port) => proxy.setSenderPort(port));
  divert(receiver, sender, proxy.portForSender, (port) => proxy.setReceiverPort(port));
  const offer = plainOpus(await sender.createOffer());
  await receiver.setRemoteDescription(offer);
  await sender.setLocalDescription(offer);
  const answer = plainOpus(await receiver.createAnswer());
  await sender.setRemoteDescription(answer);
  await receiver.setLocalDescription(answer);
}

/** Talks into a source in real time. @returns stops it */
function feed(source: AudioSource, speech: Int16Array): () => void {
  const startMs = performance.now();
  const blocks = Math.floor(speech.length / BLOCK_SAMPLES);
  let fed = 0;
  const timer = setInterval(() => {
    for (; fed * BLOCK_MS <= performance.now() - startMs; fed += 1) {
      const start = (fed % blocks) * BLOCK_SAMPLES;
      source.onData({
        samples: speech.slice(start, start + BLOCK_SAMPLES),
        sampleRate: RATE_HZ,
        bitsPerSample: 16,
        channelCount: 1,
        numberOfFrames: BLOCK_SAMPLES,
      });
    }
  }, FEED_MS);
  return () => clearInterval(timer);
}

async function statisticsOf(receiver: PeerConnection): Promise<RealStatistics> {
  for (const report of (await receiver.getStats()).values()) {
    if (report['type'] === 'inbound-rtp') return statisticsSchema.parse(report);
  }
  throw new Error('the receiver has no sound');
}

/**
 * One call through the real NetEQ, in real time.
 *
 * @param delaysMs what happens to each packet; null loses it
 * @param speech 48 kHz mono
 */
export async function realCall(
  wrtc: Wrtc,
  delaysMs: readonly (number | null)[],
  speech: Float32Array,
): Promise<RealCall> {
  const proxy = await TraceProxy.open(delaysMs);
  const [sender, receiver] = [new wrtc.RTCPeerConnection(), new wrtc.RTCPeerConnection()];
  const source = new wrtc.nonstandard.RTCAudioSource();
  const track = source.createTrack();
  sender.addTrack(track);
  const sinks: AudioSink[] = [];
  const pullsMs: number[] = [];
  receiver.ontrack = (event) => {
    const sink = new wrtc.nonstandard.RTCAudioSink(event.track);
    sink.ondata = () => {
      pullsMs.push(performance.now());
    };
    sinks.push(sink);
  };
  const stop = feed(
    source,
    Int16Array.from(speech, (sample) => Math.round(sample * FULL_SCALE)),
  );
  try {
    await connect(sender, receiver, proxy);
    const endMs = performance.now() + delaysMs.length * 2 * BLOCK_MS + MAX_SETUP_MS;
    while (!proxy.finished) {
      if (performance.now() > endMs) throw new Error('the call did not come about');
      await sleep(BLOCK_MS);
    }
    return { statistics: await statisticsOf(receiver), passed: proxy.passed, pullsMs };
  } finally {
    stop();
    for (const sink of sinks) sink.stop();
    track.stop();
    sender.close();
    receiver.close();
    proxy.close();
  }
}
