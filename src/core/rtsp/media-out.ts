/** Ways that a connection's sound and pictures go out. */
export interface MediaOut {
  /** On the connection. */
  send(bytes: Uint8Array): void;
  /** From the server's port of that kind to a port at the connection's own address. */
  sendDatagram(kind: 'rtp' | 'rtcp', port: number, packet: Uint8Array): void;
}
