import { type CarryCommand, makeSidetoneApi, type SubscribeEvent } from '../../contract/api.ts';
import type { Conversation } from '../../contract/chat.ts';
import type { AppState, Meters } from '../../contract/dto.ts';
import type { CommandHandlers, SidetoneApi } from '../../contract/ipc.ts';
import { homeHandlers } from './mock-home.ts';
import { roomHandlers } from './mock-room.ts';
import { soundHandlers } from './mock-sound.ts';
import { MockStage } from './mock-stage.ts';
import { talkHandlers } from './mock-talk.ts';
import { testingHandlers } from './mock-testing.ts';

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
      getState: () => Promise.resolve(this.stage.state),
      dismissNotice: ({ id }) => {
        const { notices } = this.stage.state;
        return this.stage.change({ notices: notices.filter((one) => one.id !== id) });
      },
      blockMainThread: () => this.stage.refuse('Debugging is off.'),
      ...soundHandlers(this.stage),
      ...testingHandlers(this.stage),
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
