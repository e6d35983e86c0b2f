import { createHmac } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { packAddress } from '../core/relay/packed-address.ts';
import type { NativeAddonLoad } from './base/native-addon.ts';
import type { BotLink, BotLinkRequest } from './bots/bot-ports.ts';
import { SocketTransport } from './bots/socket-transport.ts';
import { BatchedSocket } from './relay/udp/batched-socket.ts';
import { withZoneNumber } from './relay/udp/zones.ts';
import { UdpTransport } from './voice/udp-transport.ts';
import { VoiceLink, type VoiceTransport } from './voice/voice-link.ts';

/** A socket of its own: of the addon where it loads, as the relay's. */
export function openOwnSocket(
  addon: NativeAddonLoad,
  address: string,
  port: number,
  onDatagram: (bytes: Uint8Array, lengthBytes: number) => void,
): VoiceTransport {
  if (!addon.ok) return new UdpTransport(address, port, onDatagram);
  const socket = new BatchedSocket(addon.addon, { port: 0, ipv6: isIPv6(address), senderThreads: 0 });
  return new SocketTransport(socket, packAddress(withZoneNumber(address), port), onDatagram);
}

/** Opens a bot's way to its relay: any member's path probes, over a socket of its own. */
export function openBotLink(addon: NativeAddonLoad, { onVoice, sendLane, ...path }: BotLinkRequest): BotLink {
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
    kind: addon.ok ? 'batched' : 'dgram',
    get alive() {
      return link.alive;
    },
    sendDatagram: (bytes, lengthBytes) => transport?.send(bytes, lengthBytes),
    handleLaneDatagram: (bytes) => link.handleLaneDatagram(bytes),
    dropped: () => {
      const { sendFailed = 0, sendBacklog = 0, kernelDrops = 0 } = transport?.counters ?? {};
      return sendFailed + sendBacklog + kernelDrops;
    },
    close: () => link.close(),
  };
}
