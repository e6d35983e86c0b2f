import { parseArgs } from 'node:util';
import { type BotsRequest, botsRequestSchema, MAX_BOT_SECONDS, MAX_BOTS } from '../../contract/admin.ts';

/** What `sidetone bench bots` was asked for. */
export interface BenchBotsOptions {
  readonly request: BotsRequest;
  /** WAV file to speak; null: the bots' own speech. */
  readonly speechPath: string | null;
  readonly json: boolean;
  /** How the relay takes and sends voice. */
  readonly voiceSocket: 'auto' | 'batched' | 'dgram';
  readonly senderThreads: number;
}

export type BenchBotsOptionsResult =
  | { readonly ok: true; readonly options: BenchBotsOptions }
  | { readonly ok: false; readonly sentence: string };

const DEFAULTS = { bots: 100, speakers: 10, seconds: 30 } as const;

/** More sender threads than this no machine of one room has cores for. */
const MAX_SENDER_THREADS = 16;

const USAGE = `--bots 2-${MAX_BOTS}, --speakers 1-${MAX_BOTS}, --seconds 5-${MAX_BOT_SECONDS}, --wav FILE, --address ADDRESS, --voice-socket auto|batched|dgram, --sender-threads 0-${MAX_SENDER_THREADS}, --json`;

/** Reads the words after `sidetone bench bots`. Never throws. */
export function readBenchBotsOptions(args: readonly string[]): BenchBotsOptionsResult {
  const refuse = (sentence: string): BenchBotsOptionsResult => ({
    ok: false,
    sentence: `${sentence} There are: ${USAGE}.`,
  });
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    return refuse(error instanceof Error ? `${error.message.split('. ')[0] ?? ''}.` : String(error));
  }
  const request = botsRequestSchema.safeParse({
    bots: numberOf(values.bots, DEFAULTS.bots),
    speakers: numberOf(values.speakers, DEFAULTS.speakers),
    seconds: numberOf(values.seconds, DEFAULTS.seconds),
    address: values.address ?? null,
  });
  if (!request.success) {
    const [issue] = request.error.issues;
    return refuse(`--${String(issue?.path[0] ?? 'bots')} cannot be that.`);
  }
  if (request.data.speakers > request.data.bots) return refuse('No more bots can speak than there are.');
  const voiceSocket = values['voice-socket'] ?? 'auto';
  if (voiceSocket !== 'auto' && voiceSocket !== 'batched' && voiceSocket !== 'dgram')
    return refuse(`There is no voice socket "${voiceSocket}".`);
  const senderThreads = numberOf(values['sender-threads'], 0);
  if (!Number.isInteger(senderThreads) || senderThreads < 0 || senderThreads > MAX_SENDER_THREADS)
    return refuse('--sender-threads cannot be that.');
  const { wav: speechPath = null, json } = values;
  return { ok: true, options: { request: request.data, speechPath, json, voiceSocket, senderThreads } };
}

/** @throws TypeError for what is no option */
function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      bots: { type: 'string' },
      speakers: { type: 'string' },
      seconds: { type: 'string' },
      address: { type: 'string' },
      wav: { type: 'string' },
      'voice-socket': { type: 'string' },
      'sender-threads': { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  }).values;
}

/** NaN for what is no number: no check lets it through. */
function numberOf(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}
