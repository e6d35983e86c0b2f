import { setTimeout as sleep } from 'node:timers/promises';
import { MAX_CHAT_BYTES, MAX_HISTORY_PAGE } from '../../../src/core/wire/chat.ts';
import { type Attack, CounterWatch, STRANGERS } from '../attack.ts';
import { Rogue } from '../rogue.ts';
import { makeChannel } from './voice-rights.ts';

/** Longest time until the relay has given the reader up, in ms. */
const MAX_CUT_MS = 20_000;

/** Between two requests of the reader who does not read, in ms: as often as a lane may speak. */
const ASK_EVERY_MS = 220;

/** What it asks for at once, below what a lane may say at once. */
const BURST = 25;

/** Members of the same channel who go on talking to each other meanwhile. */
const WRITERS = 3;

/** Between two rounds of the writers, in ms: as often as they may write. */
const WRITE_EVERY_MS = 1_100;

export const slowReader: Attack = {
  name: 'a member who stops reading',
  expectation: 'cut when a mebibyte waits for it (slowLanesCut); what the others write arrives in time',
  async run(stage, tally) {
    const { relay } = stage;
    const channel = await makeChannel(stage, 'Archive', { historyDays: 1 });
    const watch = await CounterWatch.begin(relay);
    const writers: Rogue[] = [];
    for (let n = 0; n < WRITERS; n += 1) {
      const writer = await Rogue.enter(relay.port, STRANGERS[n] ?? '', `Writer ${n}`);
      await writer.request({ kind: 'join', channel });
      writers.push(writer);
    }
    const text = 'y'.repeat(MAX_CHAT_BYTES);
    let id = 0;
    let slowestMs = 0;
    /** Everybody writes once, and everybody else has it. */
    const writeRound = async (): Promise<void> => {
      id += 1;
      const got = writers.map(({ chats }) => chats.length);
      const startMs = performance.now();
      for (const writer of writers) writer.say({ type: 'chat', id, to: { kind: 'channel', channel }, text });
      const all = (): boolean =>
        writers.every(({ chats }, at) => chats.length >= (got[at] ?? 0) + WRITERS - 1);
      await writers[0]?.until('chat among the writers', all);
      slowestMs = Math.max(slowestMs, performance.now() - startMs);
      for (const writer of writers)
        writer.say({ type: 'chatSeen', seen: writer.chats.at(-1)?.delivery ?? 0 });
    };
    for (let n = 0; n * WRITERS < MAX_HISTORY_PAGE; n += 1) await writeRound();

    const reader = await Rogue.enter(relay.port, STRANGERS[7], 'Reader');
    await reader.request({ kind: 'join', channel });
    reader.stopReading();
    const startMs = performance.now();
    const isCut = async (): Promise<boolean> => (await watch.end())('slowLanesCut') > 0;
    let asked = 0;
    const ask = (count: number): void => {
      for (let n = 0; n < count; n += 1) {
        asked += 1;
        reader.say({
          type: 'request',
          id: 1_000 + asked,
          request: { kind: 'history', channel, before: null },
        });
      }
    };
    // Each answer is some 50 KB: a burst at first, then as many as are let through.
    ask(BURST);
    await writeRound();
    let nextWriteMs = startMs + WRITE_EVERY_MS;
    while (!(await isCut()) && performance.now() - startMs < MAX_CUT_MS) {
      ask(1);
      if (performance.now() >= nextWriteMs) {
        await writeRound();
        nextWriteMs = performance.now() + WRITE_EVERY_MS;
      }
      await sleep(ASK_EVERY_MS);
    }
    const cutAfterMs = performance.now() - startMs;
    await writeRound();
    const grown = await watch.end();
    tally.tries = asked;
    tally.count('slowLanesCut', grown('slowLanesCut'));
    tally.figures['cutAfterMs'] = Math.round(cutAfterMs);
    tally.figures['slowestChatMs'] = Math.round(slowestMs);
    tally.equal('readers that were cut', grown('slowLanesCut'), 1);
    tally.equal(
      'others that were cut',
      grown('lanesClosedTooManyMessages') + grown('lanesClosedBadMessages'),
      0,
    );
    tally.expect(slowestMs < 1_000, `chat among the others took ${Math.round(slowestMs)} ms`);
    reader.drop();
    for (const writer of writers) writer.leave();
    return undefined;
  },
};
