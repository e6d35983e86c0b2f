import { type DestinationStream, pino } from 'pino';
import type { LogLevel } from './settings.ts';

/** Everything that is ever logged. Which words stand here decides that no name, address or token can be among them. */
const SENTENCES = {
  starting: 'The relay is starting.',
  listening: 'The room is open.',
  voiceSocket: 'Voice goes through this socket.',
  inviteWritten: 'The invite link was written to a file.',
  admin: 'Something happened at the admin page.',
  listeners: 'Something happened at listening.',
  noteNotWritten: 'A private file could not be written.',
  adminListening: 'The admin page is open.',
  setupCodeWritten: 'The one-time code for the first account was written to a private file.',
  setupCodeUsed: 'The one-time code was used.',
  counters: 'What there is now, and what was added since the last time.',
  reloaded: 'The settings were read again.',
  reloadRefused: 'The settings were not changed: there is a mistake in them.',
  needsRestart: 'This setting takes effect when the relay is started again.',
  configured: 'The room took what has changed in the settings.',
  configureFailed: 'The room did not take its new name or limit.',
  relayDied: 'The relay went down by itself.',
  relayRestarting: 'The relay is started again.',
  relayReturned: 'The relay is open again; members come back to their places.',
  relayGivenUp: 'The relay went down at once, again and again: giving up.',
  relayNotStarted: 'The room could not be opened.',
  adminNotStarted: 'The admin page could not be opened.',
  listeningNotStarted: 'Listening could not be prepared.',
  healthNotStarted: 'The health socket could not be opened: "sidetone relay health" will not work.',
  certificateRenewed: 'A new certificate was taken over.',
  certificateNotRenewed: 'The files of a certificate are wrong now: the one before is shown on.',
  notAnswering: 'The relay did not answer in time: the watchdog is not told that all is well.',
  notifyFailed: 'systemd could not be told how the relay is.',
  stopping: 'The relay is stopping.',
  stopped: 'The relay has stopped.',
  unexpected: 'Something went wrong that should not.',
} as const;
export type LogEvent = keyof typeof SENTENCES;

/** Figures, codes out of closed sets, and paths in the data folder: never what a member or an account gave. */
export type LogFields = Readonly<
  Record<string, number | boolean | string | Readonly<Record<string, number>>>
>;

/** The log of the relay: a line of JSON per event, on standard output. */
export interface RelayLog {
  error(event: LogEvent, fields?: LogFields): void;
  warn(event: LogEvent, fields?: LogFields): void;
  info(event: LogEvent, fields?: LogFields): void;
  setLevel(level: LogLevel): void;
}

/** @param destination by default standard output, written at once so that a crash loses nothing */
export function createRelayLog(
  level: LogLevel,
  destination: DestinationStream = pino.destination({ dest: 1, sync: true }),
): RelayLog {
  const logger = pino(
    {
      level,
      // Leaves out the name of the machine.
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  const at =
    (method: 'error' | 'warn' | 'info') =>
    (event: LogEvent, fields: LogFields = {}): void =>
      logger[method]({ event, ...fields }, SENTENCES[event]);
  return {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    setLevel: (next) => {
      logger.level = next;
    },
  };
}
