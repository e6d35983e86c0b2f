import { type CarryCommand, makeSidetoneApi, type SubscribeEvent } from '../../contract/api.ts';
import type { Conversation } from '../../contract/chat.ts';
import type { AppState, Meters, Stats } from '../../contract/dto.ts';
import type { CommandHandlers, SidetoneApi } from '../../contract/ipc.ts';
import { homeHandlers } from './mock-home.ts';
import { roomHandlers } from './mock-room.ts';
import { MockStage } from './mock-stage.ts';
import { talkHandlers } from './mock-talk.ts';

/** Pace of the meters, in ms: 20 a second, as the program sends them. */
const METER_MS = 50;

/** A made-up program, for looking at the window without one; never part of a build. */
export class MockProgram {
  readonly api: SidetoneApi;
  private readonly stage: MockStage;
  private readonly handlers: CommandHandlers;

  constructor(state: AppState, conversations: readonly Conversation[]) {
    this.stage = new MockStage(state);
    this.handlers = {
      ...soundHandlers(this.stage),
      ...homeHandlers(this.stage),
      ...roomHandlers(this.stage),
      ...talkHandlers(this.stage, conversations),
    };
    const carry: CarryCommand = (name, payload) => this.handlers[name](payload as never) as never;
    const subscribe: SubscribeEvent = (name, listener) => {
      this.stage.listeners[name].add(listener);
      return () => {
        this.stage.listeners[name].delete(listener);
      };
    };
    this.api = makeSidetoneApi(carry, subscribe);
    setInterval(() => this.stage.emit('metersChanged', this.meters(performance.now())), METER_MS);
  }

  /** Sends the whole state, as after a change. */
  sendState(): void {
    this.stage.emit('stateChanged', this.stage.state);
  }

  private meters(nowMs: number): Meters {
    const speech = Math.abs(Math.sin(nowMs / 170)) * Math.abs(Math.sin(nowMs / 1_300));
    const { audioBackend, members } = this.stage.state;
    const silent = audioBackend === 'null';
    return {
      inputDb: silent ? -120 : -62 + 54 * speech,
      outputDb: silent ? -120 : -70 + 52 * Math.abs(Math.sin(nowMs / 230)),
      talkingTokens: members.filter((member) => member.talking).map((member) => member.token),
    };
  }
}

type SoundHandlers = Pick<
  CommandHandlers,
  | 'getState'
  | 'getStats'
  | 'setMuted'
  | 'setDeafened'
  | 'setActivation'
  | 'setGateThreshold'
  | 'setTalkButton'
  | 'captureBinding'
  | 'clearBinding'
  | 'selectDevice'
  | 'refreshDevices'
  | 'setHearYourself'
  | 'setMemberVolume'
  | 'setMemberMuted'
  | 'setVerified'
  | 'dismissNotice'
  | 'blockMainThread'
>;

function soundHandlers(stage: MockStage): SoundHandlers {
  const stats: Stats = {
    voice: { sentDatagrams: 48_213, receivedDatagrams: 96_004, lateFrames: 3 },
    'jitter.2': { depthFrames: 2, concealedFrames: 1, lostFrames: 4 },
    relay: { forwarded: 192_008, badFlags: 0 },
  };
  return {
    getState: () => Promise.resolve(stage.state),
    getStats: () => Promise.resolve(stats),
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
    setHearYourself: ({ on }) => stage.change({ hearYourself: on }),
    setMemberVolume: ({ token, volume }) => stage.changeMember(token, { volume }),
    setMemberMuted: ({ token, muted }) => stage.changeMember(token, { mutedHere: muted }),
    setVerified: ({ identity, verified }) =>
      stage.change({
        members: stage.state.members.map((one) => (one.identity === identity ? { ...one, verified } : one)),
      }),
    dismissNotice: ({ id }) => stage.change({ notices: stage.state.notices.filter((one) => one.id !== id) }),
    blockMainThread: () => stage.refuse('Debugging is off.'),
  };
}
