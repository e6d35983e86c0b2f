import { resampleAll } from './audio/resampler.ts';
import { readWave } from './audio/wave-file.ts';
import { AesGcmKey } from './base/aes-gcm-key.ts';
import { loadNativeAddon } from './base/native-addon.ts';
import { groupInTurns } from './bot-group.ts';
import { openBotLink } from './bot-link.ts';
import type { BotMember, BotMemberOptions, BotPorts } from './bots/bot-ports.ts';
import { createPassingIdentity, type HeadlessRelay, openHeadlessMember } from './headless-member.ts';
import type { OwnIdentity } from './keys/own-identity.ts';
import { SAMPLE_RATE_HZ, VoiceEncoder } from './voice/opus.ts';

/** Connects the bots with the parts of the program that any member is made of. Decides nothing. */
export function composeBots(options: HeadlessRelay): BotPorts {
  const addon = loadNativeAddon();
  const identities = new Map<string, OwnIdentity>();
  return {
    createIdentity: () => {
      const identity = createPassingIdentity();
      identities.set(identity.publicKey, identity);
      return identity;
    },
    createMember: (member) => {
      const identity = identities.get(member.identity.publicKey) ?? createPassingIdentity();
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

function createMember(
  relay: HeadlessRelay,
  { index, nickname, voice, turns, gate, onDidDrop }: BotMemberOptions,
  identity: OwnIdentity,
): BotMember {
  return openHeadlessMember({
    relay,
    nickname,
    identity,
    voice,
    createGroup: () => groupInTurns(identity.createGroup(), index, turns),
    onKeyMessage: (message) => {
      if (message.type === 'commitWanted') turns.hurry(index);
    },
    sendKey: (message, send) => {
      if (message.type === 'commit') turns.calm(index);
      return message.type === 'keyPackage' ? gate.pass(index, send) : send();
    },
    onDidChange: () => undefined,
    onDidDrop,
  });
}
