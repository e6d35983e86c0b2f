import type { Diagnostics, SpeakerDiagnostics } from '../../contract/diagnostics.ts';
import type { Stats } from '../../contract/dto.ts';
import type { CommandHandlers } from '../../contract/ipc.ts';
import type { MockStage } from './mock-stage.ts';
import { someDiagnostics, someSpeaker } from './some-diagnostics.ts';

type SoundHandlers = Pick<
  CommandHandlers,
  | 'getStats'
  | 'getDiagnostics'
  | 'setMuted'
  | 'setDeafened'
  | 'setActivation'
  | 'setGateThreshold'
  | 'setTalkButton'
  | 'captureBinding'
  | 'clearBinding'
  | 'selectDevice'
  | 'refreshDevices'
  | 'setProcessing'
  | 'setTalkTiming'
  | 'setHearYourself'
  | 'setMemberVolume'
  | 'setMemberMuted'
  | 'setVerified'
>;

/** Packets of one speaker in a second. */
const PACKETS_PER_SECOND = 50;

/** A voice whose network is calm, with a stall every half minute. */
function speakerAt(token: number, nickname: string, talking: boolean, nowMs: number): SpeakerDiagnostics {
  const phase = nowMs / 1_000 + token * 3;
  const stall = Math.max(0, 1 - Math.abs((phase % 30) - 4) / 4);
  const target = 40 + 20 * Math.round(1 + 6 * stall);
  const packets = Math.round(phase * PACKETS_PER_SECOND);
  return someSpeaker({
    token,
    nickname,
    talking,
    jitterBufferTargetDelayMs: target,
    jitterBufferCurrentDelayMs: target + 12 * Math.sin(phase * 2.1) + 6 * Math.sin(phase * 5.3),
    jitterMs: 4 + 30 * stall,
    packetsReceived: packets,
    packetsLost: Math.round(packets / 90),
    packetsRecovered: Math.round(packets / 110),
    lostPercent: 1.1 + 8 * stall,
    concealedSamples: Math.round(packets * 1.9),
    bitrateKbps: talking ? 31 + Math.sin(phase) : 0,
  });
}

function diagnosticsAt(stage: MockStage, nowMs: number): Diagnostics {
  const base = someDiagnostics();
  if (stage.state.connection.phase !== 'connected')
    return { ...base, pingTcpMs: null, pingUdpMs: null, route: 'none', speakers: [], mouthToEar: [] };
  const wave = Math.sin(nowMs / 900);
  return {
    ...base,
    pingTcpMs: 26 + wave,
    pingUdpMs: 24.3 + 2 * wave,
    rings: { ...base.rings, captureMs: 10 + 3 * wave, playbackMs: 20 - 4 * wave },
    mouthToEar: base.mouthToEar.map((part) =>
      part.name === 'Jitter buffer' ? { ...part, milliseconds: part.milliseconds + 8 * wave } : part,
    ),
    speakers: stage.state.members
      .filter((one) => !one.self && one.keys === 'sealed')
      .map((one) => speakerAt(one.token, one.nickname, one.talking, nowMs)),
  };
}

/** One's own voice and those of others, as far as a made-up program has any. */
export function soundHandlers(stage: MockStage): SoundHandlers {
  const stats: Stats = {
    voice: { sentDatagrams: 48_213, receivedDatagrams: 96_004, lateFrames: 3 },
    'jitter.2': { depthFrames: 2, concealedFrames: 1, lostFrames: 4 },
    relay: { forwarded: 192_008, badFlags: 0 },
  };
  return {
    getStats: () => Promise.resolve(stats),
    getDiagnostics: () => Promise.resolve(diagnosticsAt(stage, performance.now())),
    setMuted: ({ muted }) => stage.change({ muted }),
    setDeafened: ({ deafened }) => stage.change({ deafened }),
    setActivation: ({ activation }) => stage.change({ activation }),
    setGateThreshold: ({ thresholdDb }) => stage.change({ gateThresholdDb: thresholdDb }),
    setTalkButton: ({ down }) => {
      stage.talkButton = down;
      return stage.change({ transmitting: down });
    },
    captureBinding: ({ capturing }) => stage.change({ capturingBinding: capturing }),
    clearBinding: () => stage.change({ pushToTalk: null }),
    selectDevice: ({ side, id }) => stage.change({ [side]: { ...stage.state[side], selectedId: id } }),
    refreshDevices: () => stage.refuse('The sound system does not answer.'),
    setProcessing: (processing) => stage.change({ processing }),
    setTalkTiming: (talkTiming) => stage.change({ talkTiming }),
    setHearYourself: ({ on }) => stage.change({ hearYourself: on }),
    setMemberVolume: ({ token, volume }) => stage.changeMember(token, { volume }),
    setMemberMuted: ({ token, muted }) => stage.changeMember(token, { mutedHere: muted }),
    setVerified: ({ identity, verified }) =>
      stage.change({
        members: stage.state.members.map((one) => (one.identity === identity ? { ...one, verified } : one)),
      }),
  };
}
