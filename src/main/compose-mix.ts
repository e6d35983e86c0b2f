import { createHmac } from 'node:crypto';
import { LISTENERS_NICKNAME } from '../core/wire/fields.ts';
import { AesGcmKey } from './base/aes-gcm-key.ts';
import { loadNativeAddon, type NativeAddonLoad } from './base/native-addon.ts';
import { openOwnSocket } from './bot-link.ts';
import { createPassingIdentity, type HeadlessRelay, openHeadlessMember } from './headless-member.ts';
import type { MixLink, MixLinkRequest, MixMember, MixMemberOptions, MixPorts } from './mix/mix-ports.ts';
import { VoiceDecoder, VoiceEncoder } from './voice/opus.ts';
import { VoiceLink, type VoiceTransport } from './voice/voice-link.ts';

/** From this bitrate on, in bit/s, a mix has room for music: speech alone gains nothing from more. */
const ANY_SOUND_BITRATE = 48_000;

/** Connects the members named "Listeners" with the parts that any member is made of. Decides nothing. */
export function composeMix(relay: HeadlessRelay): MixPorts {
  const addon = loadNativeAddon();
  return {
    createMember: (member) => createMember(relay, member),
    openLink: (request) => openLink(addon, request),
    createKey: (key) => new AesGcmKey(key),
    createDecoder: () => new VoiceDecoder(),
    createEncoder: (bitrate) => new VoiceEncoder(bitrate, bitrate >= ANY_SOUND_BITRATE ? 'any' : 'speech'),
    nowMs: () => performance.now(),
  };
}

function createMember(relay: HeadlessRelay, { voice, onDidChange, onDidDrop }: MixMemberOptions): MixMember {
  const identity = createPassingIdentity();
  const member = openHeadlessMember({
    relay,
    nickname: LISTENERS_NICKNAME,
    identity,
    voice,
    createGroup: () => identity.createGroup(),
    onKeyMessage: () => undefined,
    sendKey: (_message, send) => send(),
    onDidChange,
    onDidDrop,
  });
  return Object.assign(member, { identity: identity.publicKey });
}

function openLink(addon: NativeAddonLoad, { onVoice, sendLane, ...path }: MixLinkRequest): MixLink {
  let transport: VoiceTransport | null = null;
  const link = new VoiceLink({
    ...path,
    mac: (key, bytes) => createHmac('sha256', key).update(bytes).digest(),
    openTransport: (address, port, onDatagram) => {
      transport = openOwnSocket(addon, address, port, onDatagram);
      return transport;
    },
    onVoice,
    sendLane,
    onDidChangePath: () => undefined,
  });
  return {
    sendDatagram: (bytes, lengthBytes) => link.sendDatagram(bytes, lengthBytes),
    handleLaneDatagram: (bytes) => link.handleLaneDatagram(bytes),
    dropped: () => {
      const { sendFailed = 0, sendBacklog = 0, kernelDrops = 0 } = transport?.counters ?? {};
      return sendFailed + sendBacklog + kernelDrops;
    },
    close: () => link.close(),
  };
}
