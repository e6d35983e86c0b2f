import type { ProgramsOptions } from '../../core/program/programs.ts';

/** Longest time a listener may take nothing before it loses its place, in ms: a phone that changes its network. */
const MAX_STALL_MS = 10_000;

/**
 * What may wait for one listener in this process, beside what its connection holds: some seconds of sound at any usual
 * rate, so that a short jam costs nothing; a few pages as large as Ogg allows; a second of pictures.
 */
export const PROGRAM_LIMITS: ProgramsOptions['limits'] = {
  frames: { maxBacklogBytes: 65_536, maxStallMs: MAX_STALL_MS },
  pages: { maxBacklogBytes: 262_144, maxStallMs: MAX_STALL_MS },
  units: { maxBacklogBytes: 2_097_152, maxStallMs: MAX_STALL_MS },
};
