import { TIMESTAMP_HZ } from '../wire/datagram.ts';

/** 48 kHz samples per millisecond. */
export const SAMPLES_PER_MS = TIMESTAMP_HZ / 1000;
