import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { resample } from '../sound/resample.ts';
import { readWavFile } from '../sound/wav.ts';
import { run } from './child.ts';
import { RIG_RATE_HZ } from './pulse.ts';

/** Debian's alsa-utils: a woman naming loudspeakers, recorded at 48 kHz. */
const RECORDED_SPEECH_FOLDER = '/usr/share/sounds/alsa';

/** Not speech, though it lies there too. */
const NOT_SPEECH = 'Noise.wav';

/** Harvard sentences (IEEE 1969), which are balanced in their sounds. */
const SENTENCES = [
  'The birch canoe slid on the smooth planks.',
  'Glue the sheet to the dark blue background.',
  "It's easy to tell the depth of a well.",
  'These days a chicken leg is a rare dish.',
  'Rice is often served in round bowls.',
  'The juice of lemons makes fine punch.',
  'The box was thrown beside the parked truck.',
  'The hogs were fed chopped corn and garbage.',
];

/** Voices of espeak-ng, one sentence each in turn. */
const VOICES = ['en-gb', 'en-us+f3', 'en-gb+m3', 'en-us+f2'];

/** Between two pieces, in ms: short enough to stay within one talkspurt. */
const PAUSE_MS = 200;

/** Every piece is brought to this peak, so that none is clipped and none is lost. */
const PEAK = 0.5;

/** One piece of speech, ready to be put next to others. */
function levelled(samples: Float32Array, rateHz: number): Float32Array {
  const sound = resample(samples, rateHz, RIG_RATE_HZ);
  const peak = sound.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return peak === 0 ? sound : sound.map((value) => (value * PEAK) / peak);
}

/** Recorded speech where it is installed. */
export function recordedSpeech(): Float32Array[] {
  if (!existsSync(RECORDED_SPEECH_FOLDER)) return [];
  return readdirSync(RECORDED_SPEECH_FOLDER)
    .filter((name) => name.endsWith('.wav') && name !== NOT_SPEECH)
    .sort()
    .map((name) => {
      const { samples, sampleRateHz } = readWavFile(join(RECORDED_SPEECH_FOLDER, name));
      return levelled(samples, sampleRateHz);
    });
}

/** Spoken by espeak-ng, a sentence per voice. */
async function synthesisedSpeech(folder: string, sentences: number): Promise<Float32Array[]> {
  const pieces: Float32Array[] = [];
  for (let i = 0; i < sentences; i += 1) {
    const path = join(folder, `sentence-${i}.wav`);
    const voice = VOICES[i % VOICES.length] ?? 'en';
    await run('espeak-ng', ['-v', voice, '-s', '150', '-w', path, SENTENCES[i % SENTENCES.length] ?? '']);
    const { samples, sampleRateHz } = readWavFile(path);
    pieces.push(levelled(samples, sampleRateHz));
  }
  return pieces;
}

function join48k(pieces: readonly Float32Array[]): Float32Array {
  const pause = (PAUSE_MS * RIG_RATE_HZ) / 1000;
  const joined = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length + pause, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length + pause;
  }
  return joined;
}

/**
 * At least `seconds` of speech at 48 kHz: recorded voices first (where Debian's alsa-utils is installed),
 * synthesised sentences until it is enough, both always in the same order.
 *
 * @param folder - for temporary files, must exist
 */
export async function makeSpeech(folder: string, seconds: number): Promise<Float32Array> {
  const enough = seconds * RIG_RATE_HZ;
  const pieces = recordedSpeech();
  const spoken = await synthesisedSpeech(folder, SENTENCES.length);
  for (let i = 0; join48k(pieces).length < enough; i += 1)
    pieces.push(spoken[i % spoken.length] ?? new Float32Array(0));
  return join48k(pieces);
}
