import { describe, expect, it } from 'vitest';
import { packAddress } from '../../core/relay/packed-address.ts';
import { type DatagramSocket, SocketTransport } from './socket-transport.ts';

const RELAY = packAddress('192.0.2.7', 48_480);

describe('SocketTransport', () => {
  it('hears the relay alone, and sends to nobody else', async () => {
    let arrive: Parameters<DatagramSocket['start']>[0] = () => undefined;
    const sent: unknown[] = [];
    const closings: string[] = [];
    const heard: number[][] = [];
    const socket: DatagramSocket = {
      start: (handler) => {
        arrive = handler;
      },
      send: (bytes, lengthBytes, to) => sent.push([[...bytes.subarray(0, lengthBytes)], to]),
      counters: () => ({
        udpReceived: 3,
        udpSent: 1,
        udpKernelDrops: 2,
        udpSendBufferFull: 4,
        udpSendFailed: 5,
      }),
      close: () => {
        closings.push('closed');
        return Promise.resolve();
      },
    };
    const transport = new SocketTransport(socket, RELAY, (bytes, lengthBytes) =>
      heard.push([...bytes.subarray(0, lengthBytes)]),
    );
    arrive(Uint8Array.of(1, 2, 3), 2, packAddress('192.0.2.7', 48_480));
    arrive(Uint8Array.of(9), 1, packAddress('192.0.2.7', 48_481));
    arrive(Uint8Array.of(9), 1, packAddress('192.0.2.8', 48_480));
    expect(heard).toEqual([[1, 2]]);
    transport.send(Uint8Array.of(5, 6, 7), 2);
    expect(sent).toEqual([[[5, 6], RELAY]]);
    expect(transport.counters).toEqual({
      received: 3,
      sent: 1,
      kernelDrops: 2,
      sendBacklog: 4,
      sendFailed: 5,
      fromElsewhere: 2,
    });
    transport.close();
    expect(closings).toEqual(['closed']);
  });
});
