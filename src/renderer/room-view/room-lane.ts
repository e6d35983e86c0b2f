import { type RoomSignal, roomSignalSchema } from '../../contract/signalling.ts';

/** Longest text of a relay that is read, in UTF-16 units. */
const MAX_TEXT_LENGTH = 65_536;

/** Code of a relay that gave our place to a newer dashboard. */
const CLOSED_BY_NEWER = 4_000;

export type RoomLaneState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting' }
  /** At the relay; `note` is what it said last, or empty. */
  | { readonly kind: 'waiting'; readonly note: string }
  | { readonly kind: 'listening' }
  /** `sentence` says why. */
  | { readonly kind: 'ended'; readonly sentence: string };

/** Where the relay is asked for a room. */
export function laneAddress(page: URL, room: string, key: string): string {
  const address = new URL('/webrtc-relay', page);
  address.protocol = page.protocol === 'https:' ? 'wss:' : 'ws:';
  address.searchParams.set('type', 'dashboard');
  address.searchParams.set('robot_id', room);
  if (key !== '') address.searchParams.set('viewer_key', key);
  return address.href;
}

/** The room and its key out of the page's address; the key stands behind the number sign, where nobody is sent it. */
export function roomOf(page: URL): { readonly room: string; readonly key: string } {
  const key = new URLSearchParams(page.hash.slice(1)).get('key') ?? '';
  return { room: page.searchParams.get('robot_id') ?? '', key };
}

/** Listens to a room through the relay that served this page: one at a time. */
export class RoomLane {
  readonly #onState: (state: RoomLaneState) => void;
  readonly #onSound: (stream: MediaStream) => void;
  #socket: WebSocket | null = null;
  #connection: RTCPeerConnection | null = null;
  #wasOpen = false;
  #note = '';

  constructor(onState: (state: RoomLaneState) => void, onSound: (stream: MediaStream) => void) {
    this.#onState = onState;
    this.#onSound = onSound;
  }

  open(address: string): void {
    this.close();
    this.#wasOpen = false;
    this.#note = '';
    this.#onState({ kind: 'connecting' });
    const socket = new WebSocket(address);
    this.#socket = socket;
    socket.addEventListener('open', () => {
      this.#wasOpen = true;
      socket.send(JSON.stringify({ type: 'ready' }));
      this.#onState({ kind: 'waiting', note: '' });
    });
    socket.addEventListener('message', ({ data }) => void this.#handle(socket, data));
    socket.addEventListener('close', ({ code }) => {
      if (this.#socket === socket) this.#end(this.#sentenceFor(code));
    });
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#connection?.close();
    this.#connection = null;
    this.#onState({ kind: 'idle' });
  }

  #end(sentence: string): void {
    this.close();
    this.#onState({ kind: 'ended', sentence });
  }

  #sentenceFor(code: number): string {
    if (!this.#wasOpen) return 'The relay did not let you in. Is the name of the room right, and its key?';
    if (code === CLOSED_BY_NEWER) return 'Somebody else listens to this room now.';
    return this.#note === '' ? 'The connection to the relay is lost.' : this.#note;
  }

  async #handle(socket: WebSocket, data: unknown): Promise<void> {
    const signal = typeof data === 'string' && data.length <= MAX_TEXT_LENGTH ? parse(data) : null;
    if (signal === null || this.#socket !== socket) return;
    try {
      if (signal.type === 'offer') await this.#answer(socket, signal.sdp);
      else if (signal.type === 'error') this.#tell(signal.message);
      else if (signal.type === 'ice_candidate') {
        await this.#connection?.addIceCandidate({
          candidate: signal.candidate,
          sdpMid: signal.sdp_mid ?? null,
          sdpMLineIndex: signal.sdp_mline_index ?? null,
        });
      }
    } catch {
      // A candidate of a connection that is over, or an offer that the browser does not take.
      if (signal.type === 'offer' && this.#socket === socket)
        this.#end('This browser cannot listen to what the room offers.');
    }
  }

  #tell(note: string): void {
    this.#note = note;
    if (this.#connection?.connectionState !== 'connected') this.#onState({ kind: 'waiting', note });
  }

  async #answer(socket: WebSocket, sdp: string): Promise<void> {
    this.#connection?.close();
    const connection = new RTCPeerConnection();
    this.#connection = connection;
    connection.addEventListener('track', ({ track, streams }) => {
      this.#onSound(streams[0] ?? new MediaStream([track]));
    });
    connection.addEventListener('connectionstatechange', () => {
      if (this.#connection !== connection) return;
      if (connection.connectionState === 'connected') this.#onState({ kind: 'listening' });
      if (connection.connectionState === 'failed') this.#end('No way to the room was found.');
    });
    connection.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate === null || candidate.candidate === '' || this.#socket !== socket) return;
      const { candidate: line, sdpMid, sdpMLineIndex } = candidate;
      const message = { candidate: line, sdp_mid: sdpMid, sdp_mline_index: sdpMLineIndex };
      socket.send(JSON.stringify({ type: 'ice_candidate', ...message }));
    });
    await connection.setRemoteDescription({ type: 'offer', sdp });
    await connection.setLocalDescription();
    if (this.#socket !== socket) return;
    socket.send(JSON.stringify({ type: 'answer', sdp: connection.localDescription?.sdp ?? '' }));
  }
}

function parse(text: string): RoomSignal | null {
  try {
    const result = roomSignalSchema.safeParse(JSON.parse(text));
    return result.success ? result.data : null;
  } catch {
    return null;
  }
}
