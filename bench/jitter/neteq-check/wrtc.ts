/** The part of `@roamhq/wrtc` that the check uses; its names are the browsers'. */
export interface Wrtc {
  readonly RTCPeerConnection: new () => PeerConnection;
  readonly nonstandard: {
    readonly RTCAudioSource: new () => AudioSource;
    readonly RTCAudioSink: new (track: AudioTrack) => AudioSink;
  };
}

export interface AudioSource {
  createTrack(): AudioTrack;
  onData(data: {
    readonly samples: Int16Array;
    readonly sampleRate: number;
    readonly bitsPerSample: number;
    readonly channelCount: number;
    readonly numberOfFrames: number;
  }): void;
}

/** Hears a track, 10 ms at a time, as it is pulled. */
export interface AudioSink {
  ondata: (() => void) | null;
  stop(): void;
}

export interface AudioTrack {
  stop(): void;
}

export interface Description {
  readonly type: string;
  readonly sdp: string;
}

export interface Candidate {
  readonly candidate: string;
  readonly sdpMid: string | null;
  readonly sdpMLineIndex: number | null;
}

export interface PeerConnection {
  onicecandidate: ((event: { readonly candidate: Candidate | null }) => void) | null;
  ontrack: ((event: { readonly track: AudioTrack }) => void) | null;
  addTrack(track: AudioTrack): void;
  createOffer(): Promise<Description>;
  createAnswer(): Promise<Description>;
  setLocalDescription(description: Description): Promise<void>;
  setRemoteDescription(description: Description): Promise<void>;
  addIceCandidate(candidate: Candidate): Promise<void>;
  getStats(): Promise<ReadonlyMap<string, Readonly<Record<string, unknown>>>>;
  close(): void;
}
