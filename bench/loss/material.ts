import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { recordedSpeech } from '../../e2e/rig/speech.ts';
import { resample } from '../../e2e/sound/resample.ts';
import { readWavFile } from '../../e2e/sound/wav.ts';

export const RATE_HZ = 48_000;

/** Debian's pocketsphinx-testdata (a woman reads Austen) and codec2-examples (a man and a woman), 16 kHz. */
const READ_SPEECH_FOLDER = '/usr/share/pocketsphinx/test/data/librivox';
const CODEC_SPEECH_FILE = '/usr/share/codec2/raw/speech_orig_16k.wav';

/** Words and sentences shorter than this are put together: a score of less sound means little. */
const ITEM_SAMPLES = 4 * RATE_HZ;

/** Longer ones are cut. */
const MAX_ITEM_SAMPLES = 6 * RATE_HZ;

/** Between the pieces of one item: within a talkspurt. */
const PAUSE_SAMPLES = 0.2 * RATE_HZ;

const PEAK = 0.5;

export interface Item {
  readonly name: string;
  readonly samples: Float32Array;
}

function levelled(path: string): Float32Array {
  const { samples, sampleRateHz } = readWavFile(path);
  const sound = resample(samples, sampleRateHz, RATE_HZ);
  const peak = sound.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return sound.map((value) => (value * PEAK) / peak);
}

export function joined(pieces: readonly Float32Array[], pauseSamples: number): Float32Array {
  const sound = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length + pauseSamples, 0));
  let at = 0;
  for (const piece of pieces) {
    sound.set(piece, at);
    at += piece.length + pauseSamples;
  }
  return sound;
}

/** Neighbours together until each item is long enough. */
function itemsOf(name: string, pieces: readonly Float32Array[]): Item[] {
  const items: Item[] = [];
  let waiting: Float32Array[] = [];
  for (const piece of pieces) {
    waiting.push(piece);
    const sound = joined(waiting, PAUSE_SAMPLES);
    if (sound.length < ITEM_SAMPLES) continue;
    items.push({ name: `${name} ${items.length + 1}`, samples: sound.slice(0, MAX_ITEM_SAMPLES) });
    waiting = [];
  }
  return items;
}

/** Recorded speech of several people, as far as its packages are installed; the same each time. */
export function speechItems(): Item[] {
  const read = existsSync(READ_SPEECH_FOLDER)
    ? readdirSync(READ_SPEECH_FOLDER)
        .filter((name) => name.endsWith('.wav'))
        .sort()
        .map((name) => levelled(join(READ_SPEECH_FOLDER, name)))
    : [];
  const coded = existsSync(CODEC_SPEECH_FILE) ? [levelled(CODEC_SPEECH_FILE)] : [];
  return [
    ...itemsOf('alsa-utils', recordedSpeech()),
    ...itemsOf('pocketsphinx', read),
    ...itemsOf('codec2', coded),
  ];
}
