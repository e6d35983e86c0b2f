import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../report.ts';
import { Load } from './load.ts';
import type { OurContestant } from './our-relay.ts';
import type { Programs } from './programs.ts';
import { trendOf } from './statistics.ts';

export interface HeapOptions {
  readonly members: number;
  readonly speakers: number;
  /** Points of the line, each a million forwarded datagrams after the other. */
  readonly points: number;
}

export interface HeapGrowth {
  readonly row: Row;
  /**
   * Bytes per million forwarded datagrams that the heap grew by with 95 % confidence; 0 where it may be none.
   */
  readonly certainBytes: number;
  /** How far the true growth may lie from the measured one, in bytes per million. */
  readonly uncertaintyBytes: number;
}

const MILLION = 1_000_000;

/** Millions before the first point: code is compiled until then, and what it collected about itself is in the heap. */
const WARM_MILLIONS = 3;

/** After the load, in ms, before the heap is looked at: what is on its way is done with. */
const REST_MS = 300;

/**
 * How much a relay's heap grows while it forwards: what is left of it after collections, million by million of
 * datagrams, and a straight line through that.
 */
export async function measureHeapGrowth(
  contestant: OurContestant,
  programs: Programs,
  folder: string,
  { members, speakers, points }: HeapOptions,
): Promise<HeapGrowth> {
  const perFrame = speakers * (members - 1);
  const time = { warmMs: 0, measuredMs: Math.ceil(MILLION / perFrame) * 20 };
  const relay = await contestant.start(folder, members);
  const load = await Load.start(programs.loadPath, relay.protocol, relay.port);
  try {
    await relay.join(members, load);
    const heap: (readonly [millions: number, bytes: number])[] = [];
    let [forwarded, externalBytes] = [0, 0];
    for (let million = 0; million < WARM_MILLIONS + points; million += 1) {
      const { raw } = await load.run(speakers, time, relay.pid);
      forwarded += raw.received;
      await sleep(REST_MS);
      const memory = await relay.memory();
      externalBytes = memory.externalBytes;
      if (million >= WARM_MILLIONS) heap.push([forwarded / MILLION, memory.heapBytes]);
    }
    const { row, ...growth } = describe(contestant.name, heap, members - 1, externalBytes);
    return { row: { ...row, fault: relay.fault() }, ...growth };
  } finally {
    await load.stop();
    await relay.stop();
  }
}

function describe(
  relay: string,
  heap: readonly (readonly [number, number])[],
  copies: number,
  externalBytes: number,
): HeapGrowth {
  const { slope, uncertainty } = trendOf(heap);
  const certain = slope - uncertainty;
  const row: Row = {
    check: 'heap growth per million forwarded datagrams',
    relay,
    bytesPerMillion: Math.round(slope),
    uncertaintyBytes: Math.round(uncertainty),
    certainBytesPerIncoming: Number(((certain * copies) / MILLION).toFixed(2)),
    millions: heap.map(([millions]) => millions.toFixed(1)).join(' '),
    heapBytes: heap.map(([, bytes]) => bytes).join(' '),
    externalBytes,
  };
  return { row, certainBytes: Math.max(0, certain), uncertaintyBytes: uncertainty };
}
