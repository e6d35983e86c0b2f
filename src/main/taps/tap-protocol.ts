/** Longest recording: half an hour. Long enough to catch what happens now and then, short enough to be looked at. */
export const MAX_RECORDING_SECONDS = 1_800;

/** Most bytes of one recording, all files together. */
export const MAX_RECORDING_BYTES = 4 * 1024 ** 3;

/** Room that a recording leaves on the disk, in bytes: others need it more. */
export const MIN_FREE_BYTES = 512 * 1024 ** 2;

/** Most files of one recording: the three places, and more voices than are decoded at once, as some come again. */
export const MAX_TAP_FILES = 128;

export interface TapWriterData {
  /** Exists. */
  readonly folder: string;
  readonly raw: SharedArrayBuffer;
  readonly processed: SharedArrayBuffer;
  readonly mix: SharedArrayBuffer;
}

/** Main thread to writer. After `stop` the writer ends by itself. */
export type TapCommand =
  /** `startSample`: of the first sample of the ring in the stream of the mix. */
  { kind: 'addSpeaker'; fileName: string; memory: SharedArrayBuffer; startSample: number } | { kind: 'stop' };

/** Writer to main thread. */
export type TapEvent =
  /** Once a second. */
  | { kind: 'progress'; seconds: number }
  /** It is over, and all files are whole. `problem`: why it ended by itself, for a person; empty otherwise. */
  | { kind: 'ended'; seconds: number; problem: string };
