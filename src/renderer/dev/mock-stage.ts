import type { AppState, Channel, Member } from '../../contract/dto.ts';
import type { EventName, Outcome } from '../../contract/ipc.ts';

const DONE: Outcome = { ok: true };

/** The made-up program's state and its way to the window; what a command does is said elsewhere. */
export class MockStage {
  readonly listeners: Record<EventName, Set<(payload: never) => void>> = {
    stateChanged: new Set(),
    metersChanged: new Set(),
    chatChanged: new Set(),
  };
  state: AppState;
  talkButton = false;
  private lastId = 1_000;

  constructor(state: AppState) {
    this.state = state;
  }

  /** A number nothing else has. */
  nextId(): number {
    this.lastId += 1;
    return this.lastId;
  }

  emit(name: EventName, payload: unknown): void {
    for (const listener of this.listeners[name]) listener(payload as never);
  }

  refuse(sentence: string): Promise<Outcome> {
    return Promise.resolve({ ok: false, sentence });
  }

  /** Changes the state and tells the window. */
  change(part: Partial<AppState>): Promise<Outcome> {
    this.state = { ...this.state, ...part };
    const open = this.state.activation === 'open' || this.talkButton || this.state.whispers.activeTo !== '';
    const here = this.state.connection.phase === 'connected';
    const touched = ['muted', 'deafened', 'activation', 'transmitting', 'whispers'].some(
      (key) => key in part,
    );
    if (touched) {
      const { muted, deafened } = this.state;
      this.state = { ...this.state, transmitting: here && open && !muted && !deafened };
    }
    this.emit('stateChanged', this.state);
    return Promise.resolve(DONE);
  }

  changeMember(token: number, part: Partial<Member>): Promise<Outcome> {
    return this.change({
      members: this.state.members.map((one) => (one.token === token ? { ...one, ...part } : one)),
    });
  }

  changeChannel(id: number, part: Partial<Channel>): Promise<Outcome> {
    return this.change({
      channels: this.state.channels.map((one) => (one.id === id ? { ...one, ...part } : one)),
    });
  }
}
