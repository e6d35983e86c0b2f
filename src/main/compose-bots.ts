import { randomInt } from 'node:crypto';
import { createRng } from '../core/base/rng.ts';
import { Call } from './app/call.ts';
import { ChannelKeys } from './app/channel-keys.ts';
import { resampleAll } from './audio/resampler.ts';
import { readWave } from './audio/wave-file.ts';
import { AesGcmKey } from './base/aes-gcm-key.ts';
import { loadNativeAddon } from './base/native-addon.ts';
import { groupInTurns } from './bot-group.ts';
import { openBotLink } from './bot-link.ts';
import type { BotMember, BotMemberOptions, BotPorts } from './bots/bot-ports.ts';
import { ControlLane } from './control/control-lane.ts';
import { OwnIdentity } from './keys/own-identity.ts';
import { SAMPLE_RATE_HZ, VoiceEncoder } from './voice/opus.ts';

export interface ComposeBotsOptions {
  readonly address: string;
  readonly port: number;
  readonly certificateSha256: string;
}

/** Connects the bots with the parts of the program that any member is made of. Decides nothing. */
export function composeBots(options: ComposeBotsOptions): BotPorts {
  const addon = loadNativeAddon();
  const identities = new Map<string, OwnIdentity>();
  return {
    createIdentity: () => {
      const identity = createOwnIdentity();
      identities.set(identity.publicKey, identity);
      return identity;
    },
    createMember: (member) => {
      const identity = identities.get(member.identity.publicKey) ?? createOwnIdentity();
      return createMember(options, member, identity);
    },
    openLink: (request) => openBotLink(addon, request),
    createKey: (key) => new AesGcmKey(key),
    createEncoder: (bitrate) => new VoiceEncoder(bitrate),
    readSpeech: async (path) => {
      const wave = readWave(path);
      if (!wave.ok) return { ok: false, sentence: wave.reason };
      return { ok: true, samples: await resampleAll(wave.samples, wave.rateHz, SAMPLE_RATE_HZ) };
    },
    nowMs: () => performance.now(),
    threadCpuMs: () => {
      const { user, system } = process.threadCpuUsage();
      return (user + system) / 1_000;
    },
  };
}

/** Kept nowhere: a bot lives for one test. */
function createOwnIdentity(): OwnIdentity {
  return new OwnIdentity(
    { storage: 'file', load: () => ({ ok: true, seed: null }), save: () => undefined },
    '',
  );
}

function createMember(
  options: ComposeBotsOptions,
  { index, nickname, voice, turns, gate, onDidDrop }: BotMemberOptions,
  identity: OwnIdentity,
): BotMember {
  const { address: host, port, certificateSha256 } = options;
  const call = new Call({
    rng: createRng(randomInt(2 ** 32)),
    voice,
    people: { knownRelay: () => null, rememberRelay: () => undefined },
    identity: () => identity,
    openLane: (request) => new ControlLane(request),
    onDidChange: () => {
      if (call.connected) keys.handleRoster(call.channel, performance.now());
    },
    onDidWelcome: ({ resumed }) => (resumed ? keys.handleResumed() : keys.handleNewSession()),
    onDidEnd: () => keys.handleNewSession(),
    onDidDrop,
    onProblem: () => undefined,
    onKeyMessage: (message) => {
      if (message.type === 'commitWanted') turns.hurry(index);
      keys.handleMessage(message);
    },
    onDidRefuseKey: (code) => keys.handleRefused(code),
    onWhisperKey: () => undefined,
    onChat: () => undefined,
    onDidSettleChat: () => undefined,
    onHistory: () => undefined,
  });
  const keys = new ChannelKeys({
    createGroup: () => groupInTurns(identity.createGroup(), index, turns),
    ownIdentity: () => identity.publicKey,
    members: () => call.members,
    voice,
    send: (message) => {
      if (message.type === 'commit') turns.calm(index);
      const send = (): boolean => call.sendKey(message);
      return message.type === 'keyPackage' ? gate.pass(index, send) : send();
    },
    // Nobody compares codes with a bot.
    groupCode: () => '',
    onDidChange: () => undefined,
  });
  return {
    get token() {
      return call.token;
    },
    get channel() {
      return call.channel;
    },
    get connected() {
      return call.connected;
    },
    join: () => call.join({ host, port, certificateSha256, roomName: null }, nickname, null),
    joinChannel: (channel) => call.joinChannel(channel, null),
    sendLaneDatagram: (bytes) => call.sendLaneDatagram(bytes),
    leave: () => call.leave(),
  };
}
