import { createSocket } from 'node:dgram';
import { ADDRESS_BYTES, packAddress, recipientsOf } from '../../core/relay/packed-address.ts';
import type { VoiceSocket } from './udp/voice-socket.ts';

/** Node's socket behind the port of voice sockets, until src/main/relay/udp opens them. */
export async function openVoiceSocket(options: { port: number; ipv6: boolean }): Promise<VoiceSocket> {
  const { port, ipv6 } = options;
  const socket = createSocket({ type: ipv6 ? 'udp6' : 'udp4' });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ port, address: ipv6 ? '::' : '0.0.0.0', exclusive: true }, () => {
      socket.removeAllListeners('error');
      resolve();
    });
  });
  const counts = {
    udpReceived: 0,
    udpSent: 0,
    udpReceiveCalls: 0,
    udpKernelDrops: 0,
    udpSendBufferFull: 0,
    udpSendFailed: 0,
  };
  const onSent = (error: Error | null): void => {
    if (error === null) counts.udpSent += 1;
    else counts.udpSendFailed += 1;
  };
  socket.on('error', onSent);
  const fanOut: VoiceSocket['fanOut'] = (bytes, lengthBytes, addresses, count, skip) => {
    const copy = Uint8Array.prototype.slice.call(bytes, 0, lengthBytes);
    for (const { address, port } of recipientsOf(addresses, count, skip)) {
      const host = ipv6 && !address.includes(':') ? `::ffff:${address}` : address;
      socket.send(copy, 0, lengthBytes, port, host, onSent);
    }
  };
  return {
    kind: 'dgram',
    port: socket.address().port,
    start: (handler) => {
      socket.on('message', (bytes, { address, port }) => {
        counts.udpReceived += 1;
        handler(bytes, bytes.length, packAddress(address, port));
      });
    },
    send: (bytes, lengthBytes, to) => fanOut(bytes, lengthBytes, to.subarray(0, ADDRESS_BYTES), 1, -1),
    fanOut,
    counters: () => ({ ...counts }),
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}
