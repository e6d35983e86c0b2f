import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_WHISPER_TARGETS_PER_SENDER } from '../../core/seal/key-ring.ts';
import { NOBODY } from '../../core/voice/whisper-schedule.ts';
import { Voice } from './voice.ts';
import type { EncoderCommand, VoiceCommand } from './voice-protocol.ts';

/** A thread that says back what it is told, and dies when it is told to forget CRASH. */
const ECHO = `
const { parentPort, workerData } = require('node:worker_threads');
parentPort.on('message', (command) => {
  if (command.kind === 'close') process.exit();
  if (command.kind === 'forget' && command.token === 666) throw new Error('told to');
  if (command.kind === 'codec' && command.bitrate === 666) process.exit(3);
  parentPort.postMessage({ kind: 'heard', command });
});
parentPort.postMessage({ kind: 'heard', command: { kind: 'started', threadsBefore: workerData.threadsBefore } });
`;
const CRASH = 666;
const TOKEN = 7;

const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);
const keyOf = (fill: number) => ({ key: bytes(16, fill), salt: bytes(12, fill) });

type Heard<Command> = Command | { kind: 'started'; threadsBefore: number };

let folder = '';
let voice: Voice;
let toVoice: Heard<VoiceCommand>[] = [];
let toEncoder: Heard<EncoderCommand>[] = [];
let crashes: string[] = [];
/** A token that is nobody's, and never CRASH. */
let marker = 1_000;

function commandOf(event: unknown): never {
  return (event as { command: never }).command;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'voice-test-'));
  const path = join(folder, 'echo.cjs');
  writeFileSync(path, ECHO);
  toVoice = [];
  toEncoder = [];
  crashes = [];
  const memory = new SharedArrayBuffer(64);
  voice = new Voice({
    encoderPath: path,
    voicePath: path,
    captureMemory: memory,
    packetMemory: memory,
    playbackMemory: memory,
    referenceMemory: memory,
    firstTimestamp: 0,
    onEncoderEvent: (event) => toEncoder.push(commandOf(event)),
    onVoiceEvent: (event) => toVoice.push(commandOf(event)),
    onDidCrash: (thread, reason) => crashes.push(`${thread}: ${reason}`),
  });
});

afterEach(async () => {
  await voice.close();
  rmSync(folder, { recursive: true });
});

const starts = (heard: readonly { kind: string }[]): number =>
  heard.filter(({ kind }) => kind === 'started').length;

/** What the newest voice thread, the `wantedStarts`th, has heard: all of it, since it has heard the last order. */
async function heardByNewest(wantedStarts: number): Promise<VoiceCommand[]> {
  await expect.poll(() => starts(toVoice), { timeout: 5_000 }).toBe(wantedStarts);
  marker += 1;
  voice.forget(marker);
  await expect.poll(() => toVoice.at(-1), { timeout: 5_000 }).toEqual({ kind: 'forget', token: marker });
  const from = toVoice.findLastIndex(({ kind }) => kind === 'started');
  return toVoice.slice(from + 1).filter(({ kind }) => kind !== 'forget') as VoiceCommand[];
}

async function crash(): Promise<void> {
  const before = crashes.length;
  voice.forget(CRASH);
  await expect.poll(() => crashes.length, { timeout: 5_000 }).toBe(before + 1);
}

/** Every key in it that something could be sealed with. */
function sendingKeys(commands: readonly VoiceCommand[]): number[] {
  return commands.flatMap((command) => {
    if (command.kind === 'epoch') return command.own === null ? [] : [command.own.key[0] ?? -1];
    return command.kind === 'whisperTarget' ? [command.key[0] ?? -1] : [];
  });
}

describe('Voice', () => {
  it('hands a sending key to one thread and never to the next; all else is said again, the session first', async () => {
    voice.setVolume(8, 0.5);
    voice.setMemberMuted(9, true);
    voice.connect('192.0.2.1', 5, TOKEN, bytes(32, 1));
    voice.setEpoch(4, keyOf(1), [[8, bytes(16, 8), bytes(12, 8)]]);
    voice.setWhisperTarget(2, 100, 1, keyOf(2).key, keyOf(2).salt);
    voice.setWhisperKey(8, TOKEN, 3, keyOf(3).key, keyOf(3).salt);
    expect(sendingKeys(await heardByNewest(1))).toEqual([1, 2]);
    await crash();
    const replayed = await heardByNewest(2);
    expect(crashes[0]).toContain('told to');
    expect(sendingKeys(replayed)).toEqual([]);
    expect(replayed.map(({ kind }) => kind)).toEqual([
      'connect',
      'volume',
      'muteMember',
      'epoch',
      'whisperKey',
    ]);
    expect(replayed[3]).toMatchObject({ keyId: 4, own: null, members: [[8, bytes(16, 8), bytes(12, 8)]] });
  });

  it('does not take back a key that a dead thread has had, whoever asks', async () => {
    voice.connect('192.0.2.1', 5, TOKEN, bytes(32, 1));
    voice.setEpoch(4, keyOf(1), []);
    voice.setEpoch(4, keyOf(1), []);
    voice.setWhisperTarget(2, 100, 1, keyOf(2).key, keyOf(2).salt);
    expect(sendingKeys(await heardByNewest(1))).toEqual([1, 1, 2]);
    await crash();
    await heardByNewest(2);
    voice.setEpoch(4, keyOf(1), []);
    voice.setWhisperTarget(2, 100, 1, keyOf(2).key, keyOf(2).salt);
    expect(sendingKeys(await heardByNewest(2))).toEqual([]);
    voice.setEpoch(5, keyOf(11), []);
    expect(sendingKeys(await heardByNewest(2))).toEqual([11]);
  });

  it('hands keys that were renewed while no thread ran to the next one, once', async () => {
    voice.connect('192.0.2.1', 5, TOKEN, bytes(32, 1));
    voice.setEpoch(4, keyOf(1), []);
    await crash();
    // As the owner of the keys does when it is told of the crash.
    voice.setEpoch(5, keyOf(11), []);
    voice.setWhisperTarget(2, 100, 1, keyOf(12).key, keyOf(12).salt);
    expect(sendingKeys(await heardByNewest(2))).toEqual([11, 12]);
    await crash();
    expect(sendingKeys(await heardByNewest(3))).toEqual([]);
    const started = toVoice.filter(({ kind }) => kind === 'started');
    expect(started.map((one) => 'threadsBefore' in one && one.threadsBefore)).toEqual([0, 1, 2]);
  });

  it('keeps keys over a resumed session, and spends them with another one', async () => {
    voice.connect('192.0.2.1', 5, TOKEN, bytes(32, 1));
    voice.setEpoch(4, keyOf(1), []);
    voice.connect('192.0.2.1', 5, TOKEN, bytes(32, 2));
    voice.setEpoch(4, keyOf(1), []);
    voice.connect('192.0.2.1', 5, TOKEN + 1, bytes(32, 3));
    voice.setEpoch(4, keyOf(1), []);
    voice.disconnect();
    voice.connect('192.0.2.1', 5, TOKEN + 1, bytes(32, 3));
    voice.setEpoch(4, keyOf(1), []);
    const owns = (await heardByNewest(1)).flatMap((one) => (one.kind === 'epoch' ? [one.own !== null] : []));
    expect(owns).toEqual([true, true, false, false]);
  });

  it('gives a slot another number with another target, and whispers to nobody through an empty slot', async () => {
    const give = (target: number, fill: number): void =>
      voice.setWhisperTarget(2, target, fill, keyOf(fill).key, keyOf(fill).salt);
    voice.setWhisper(2);
    give(100, 1);
    voice.setWhisper(2);
    give(100, 2);
    voice.setWhisper(2);
    give(200, 3);
    voice.setWhisper(2);
    voice.setWhisperTarget(2, null);
    voice.setWhisper(2);
    voice.setWhisper(null);
    await expect.poll(() => toEncoder.filter(({ kind }) => kind === 'whisper').length).toBe(7);
    const numbers = toEncoder.flatMap((one) => (one.kind === 'whisper' ? [one.whisper] : []));
    const [, first, second, third, fourth] = numbers;
    expect([numbers[0], first, numbers[5], numbers[6]]).toEqual([null, NOBODY, NOBODY, null]);
    expect(second).toBe(third);
    expect(fourth).not.toBe(third);
    const targets = (await heardByNewest(1)).flatMap((one) =>
      one.kind === 'whisperTarget' ? [one.whisper] : [],
    );
    expect(targets).toEqual([second, third, fourth]);
  });

  it('tells a new encoder thread of a held whisper first, and of no held talk key', async () => {
    voice.setPushToTalk(true);
    voice.setInRoom(true);
    voice.setWhisperTarget(2, 100, 1, keyOf(1).key, keyOf(1).salt);
    voice.setWhisper(2);
    voice.setCodec(CRASH, 960);
    await expect.poll(() => crashes.length, { timeout: 5_000 }).toBe(1);
    expect(crashes[0]).toContain('code 3');
    voice.setCodec(32_000, 960);
    await expect.poll(() => starts(toEncoder), { timeout: 5_000 }).toBe(2);
    await expect.poll(() => toEncoder.at(-1)?.kind, { timeout: 5_000 }).toBe('codec');
    const from = toEncoder.findLastIndex(({ kind }) => kind === 'started');
    expect(toEncoder.slice(from + 1).map(({ kind }) => kind)).toEqual(['whisper', 'inRoom', 'codec']);
    expect(toEncoder[from + 1]).not.toMatchObject({ whisper: null });
  });

  it('remembers no more keys of one whisperer than a thread takes, and none of who left', async () => {
    for (let target = 1; target <= MAX_WHISPER_TARGETS_PER_SENDER + 3; target += 1)
      voice.setWhisperKey(8, target, 0, keyOf(target).key, keyOf(target).salt);
    voice.setWhisperKey(8, 1, 1, keyOf(50).key, keyOf(50).salt);
    await crash();
    const replayed = (await heardByNewest(2)).filter(({ kind }) => kind === 'whisperKey');
    expect(replayed).toHaveLength(MAX_WHISPER_TARGETS_PER_SENDER);
    expect(replayed[0]).toMatchObject({ target: 1, keyId: 1 });
    voice.forget(8);
    await crash();
    expect((await heardByNewest(3)).filter(({ kind }) => kind === 'whisperKey')).toEqual([]);
  });
});
