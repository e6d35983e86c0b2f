import { constants } from 'node:os';
import type { StopReason } from './service-ports.ts';

/** Shells give a program that a signal ended this and the signal's number. */
const EXIT_BY_SIGNAL = 128;

export interface SignalOptions {
  /** A signal that stops comes first: leave in peace. */
  readonly onStop: (reason: StopReason) => void;
  readonly onReload: () => void;
  /** A terminal that is closed sends SIGHUP: then it stops. Without one, SIGHUP reloads. */
  readonly atTerminal: boolean;
}

/** Listens to the signals of a service for as long as the program runs. A second one that stops ends it at once. */
export function handleSignals(options: SignalOptions): void {
  let stopping = false;
  const stopOn = (signal: 'SIGTERM' | 'SIGINT' | 'SIGQUIT' | 'SIGHUP', reason: StopReason): void => {
    process.on(signal, () => {
      if (stopping) process.exit(EXIT_BY_SIGNAL + constants.signals[signal]);
      stopping = true;
      options.onStop(reason);
    });
  };
  stopOn('SIGTERM', 'restarting');
  stopOn('SIGINT', 'restarting');
  stopOn('SIGQUIT', 'closing');
  if (options.atTerminal) stopOn('SIGHUP', 'restarting');
  else process.on('SIGHUP', () => options.onReload());
}
