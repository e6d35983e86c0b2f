import { type CarryCommand, makeSidetoneApi, type SubscribeEvent } from '../../contract/api.ts';
import type { AppState, Meters, Stats } from '../../contract/dto.ts';
import type { CommandHandlers, EventName, Outcome, SidetoneApi } from '../../contract/ipc.ts';

/** Pace of the meters, in ms: 20 a second, as the program sends them. */
const METER_MS = 50;

const DONE: Outcome = { ok: true };

/** A made-up program, for looking at the window without one; never part of a build. */
export class MockProgram {
  readonly api: SidetoneApi;
  private state: AppState;
  private readonly listeners: Record<EventName, Set<(payload: never) => void>> = {
    stateChanged: new Set(),
    metersChanged: new Set(),
  };
  private talkButton = false;
  private readonly handlers: CommandHandlers;

  constructor(state: AppState) {
    this.state = state;
    this.handlers = this.makeHandlers();
    const carry: CarryCommand = (name, payload) => this.handlers[name](payload as never) as never;
    const subscribe: SubscribeEvent = (name, listener) => {
      this.listeners[name].add(listener);
      return () => {
        this.listeners[name].delete(listener);
      };
    };
    this.api = makeSidetoneApi(carry, subscribe);
    setInterval(() => this.emit('metersChanged', this.meters(performance.now())), METER_MS);
  }

  /** Sends the whole state, as after a change. */
  sendState(): void {
    this.emit('stateChanged', this.state);
  }

  private emit(name: EventName, payload: unknown): void {
    for (const listener of this.listeners[name]) listener(payload as never);
  }

  private change(part: Partial<AppState>): Promise<Outcome> {
    this.state = { ...this.state, ...part };
    const open = this.state.activation === 'open' || this.talkButton;
    const here = this.state.connection.phase === 'connected';
    if ('muted' in part || 'deafened' in part || 'activation' in part || 'transmitting' in part) {
      const { muted, deafened } = this.state;
      this.state = { ...this.state, transmitting: here && open && !muted && !deafened };
    }
    this.sendState();
    return Promise.resolve(DONE);
  }

  private meters(nowMs: number): Meters {
    const speech = Math.abs(Math.sin(nowMs / 170)) * Math.abs(Math.sin(nowMs / 1_300));
    const silent = this.state.audioBackend === 'null';
    return {
      inputDb: silent ? -120 : -62 + 54 * speech,
      outputDb: silent ? -120 : -70 + 52 * Math.abs(Math.sin(nowMs / 230)),
      talkingTokens: this.state.members.filter((member) => member.talking).map((member) => member.token),
    };
  }

  private makeHandlers(): CommandHandlers {
    const refuse = (sentence: string): Promise<Outcome> => Promise.resolve({ ok: false, sentence });
    const stats: Stats = {
      voice: { sentDatagrams: 48_213, receivedDatagrams: 96_004, lateFrames: 3 },
      'jitter.2': { depthFrames: 2, concealedFrames: 1, lostFrames: 4 },
      relay: { forwarded: 192_008, badFlags: 0 },
    };
    return {
      getState: () => Promise.resolve(this.state),
      getStats: () => Promise.resolve(stats),
      join: ({ target }) =>
        target === 'bad'
          ? refuse('There is no computer called “bad”. Check the name, or ask for the link again.')
          : this.change({ connection: { phase: 'connecting', relay: target } }),
      leave: () => this.change({ connection: { phase: 'idle' }, members: [] }),
      host: () =>
        refuse('Port 48480 is used by another program. Choose another port under “Address and port”.'),
      stopHosting: () => this.change({ hosting: { phase: 'off' } }),
      setInviteAddress: ({ address }) =>
        this.state.hosting.phase === 'on'
          ? this.change({ hosting: { ...this.state.hosting, address } })
          : refuse('You host no room.'),
      setMuted: ({ muted }) => this.change({ muted }),
      setDeafened: ({ deafened }) => this.change({ deafened }),
      setActivation: ({ activation }) => this.change({ activation }),
      setGateThreshold: ({ thresholdDb }) => this.change({ gateThresholdDb: thresholdDb }),
      setTalkButton: ({ down }) => {
        this.talkButton = down;
        return this.change({ transmitting: down });
      },
      captureBinding: ({ capturing }) => this.change({ capturingBinding: capturing }),
      clearBinding: () => this.change({ pushToTalk: null }),
      selectDevice: ({ side, id }) => this.change({ [side]: { ...this.state[side], selectedId: id } }),
      refreshDevices: () => refuse('The sound system does not answer.'),
      setHearYourself: ({ on }) => this.change({ hearYourself: on }),
      setMemberVolume: ({ token, volume }) =>
        this.change({
          members: this.state.members.map((one) => (one.token === token ? { ...one, volume } : one)),
        }),
      dismissNotice: ({ id }) => this.change({ notices: this.state.notices.filter((one) => one.id !== id) }),
      blockMainThread: () => refuse('Debugging is off.'),
    };
  }
}
