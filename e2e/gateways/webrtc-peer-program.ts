import nodeDataChannel, { type Track } from 'node-datachannel';

/**
 * The connection of a scripted peer, in a process of its own: it is ended by a signal, so that whatever the native
 * library does on its way out happens to nobody else.
 */

export type PeerOrder =
  /** Make an offer; who sends sound sends pictures too. */
  | { readonly kind: 'describe'; readonly direction: 'SendOnly' | 'RecvOnly' }
  /** Make an answer to this offer. */
  | { readonly kind: 'answer'; readonly sdp: string }
  /** This is the answer to the offer. */
  | { readonly kind: 'take'; readonly sdp: string }
  | { readonly kind: 'send'; readonly bytes: Uint8Array };

export type PeerNews =
  | { readonly kind: 'described'; readonly sdp: string }
  | { readonly kind: 'open' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array };

const SOUND_PAYLOAD_TYPE = 111;
const PICTURES_PAYLOAD_TYPE = 96;

const connection = new nodeDataChannel.PeerConnection('check', {
  iceServers: [],
  disableAutoNegotiation: true,
  bindAddress: '127.0.0.1',
});
/** Held, so that none is collected while it is in use. */
const tracks: Track[] = [];

function send(news: PeerNews): void {
  process.send?.(news);
}

function adopt(track: Track): void {
  tracks.push(track);
  if (tracks.length > 1) return;
  track.onOpen(() => send({ kind: 'open' }));
  track.onMessage((bytes) => send({ kind: 'bytes', bytes }));
  if (track.isOpen()) send({ kind: 'open' });
}

function describe(direction: 'SendOnly' | 'RecvOnly'): void {
  const audio = new nodeDataChannel.Audio('0', direction);
  audio.addOpusCodec(SOUND_PAYLOAD_TYPE);
  audio.addSSRC(4_711, 'check');
  adopt(connection.addTrack(audio));
  if (direction === 'SendOnly') {
    // As studio programs do, which are made of the same library; the relay refuses them.
    const pictures = new nodeDataChannel.Video('1', direction);
    pictures.addH264Codec(PICTURES_PAYLOAD_TYPE);
    pictures.addSSRC(4_712, 'check');
    adopt(connection.addTrack(pictures));
  }
  connection.setLocalDescription('offer');
}

connection.onTrack(adopt);
connection.onGatheringStateChange((state) => {
  if (state === 'complete') send({ kind: 'described', sdp: connection.localDescription()?.sdp ?? '' });
});
process.on('message', (order: PeerOrder) => {
  switch (order.kind) {
    case 'describe':
      describe(order.direction);
      return;
    case 'answer':
      connection.setRemoteDescription(order.sdp, 'offer');
      connection.setLocalDescription('answer');
      return;
    case 'take':
      connection.setRemoteDescription(order.sdp, 'answer');
      return;
    case 'send':
      tracks[0]?.sendMessageBinary(Buffer.from(order.bytes));
      return;
  }
});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
