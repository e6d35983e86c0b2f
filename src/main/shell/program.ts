import type { ChatEvent } from '../../contract/chat.ts';
import type { AppState, Meters, Notice } from '../../contract/dto.ts';

/** What a shell needs of the program it shows. Both shells take the same. */
export interface ShellProgram {
  /** Carries one command of the contract; never rejects. */
  readonly router: {
    dispatch(
      command: string,
      payload: unknown,
    ): Promise<{ ok: true; answer: unknown } | { ok: false; sentence: string }>;
  };
  readonly getState: () => AppState;
  /** @returns a function that ends the subscription */
  readonly onState: (listener: (state: AppState) => void) => () => void;
  /** @returns a function that ends the subscription */
  readonly onMeters: (listener: (meters: Meters) => void) => () => void;
  /** @returns a function that ends the subscription */
  readonly onChat: (listener: (event: ChatEvent) => void) => () => void;
  /** Shows the person a sentence that no command of the window asked for. */
  readonly notify: (severity: Notice['severity'], text: string) => void;
  /** The window is gone: what it held down is released. */
  readonly onWindowGone: () => void;
}
