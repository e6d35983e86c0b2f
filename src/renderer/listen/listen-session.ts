import type { ListenerText } from '../../contract/listener-page.ts';
import { openDecoder, type SoundDecoder } from './decoders.ts';
import { readFrame, writeFrame } from './frames.ts';
import { useListenState } from './listen-state.ts';
import { ListenerSocket } from './listener-socket.ts';
import { Playout } from './playout.ts';
import type { PlayoutReport } from './playout-messages.ts';
import { canTalk, TalkMicrophone } from './talk-microphone.ts';

/** How often the delay is told, in reports of the playout: twice a second, so that it can be read. */
const REPORTS_PER_DELAY = 10;

/** After a new connection the newest frames come once more; what lies so far back has been heard, in microseconds. */
const REPEAT_US = 1_000_000;

/** A decoder that fails so often in a row is replaced by the other kind. */
const MAX_DECODER_FAILURES = 2;

/** The microphone stays open for so long after the key is let go, in ms: answers come in turns. */
const MICROPHONE_REST_MS = 10_000;

/** More than this waits in the browser: the network takes no voice, in bytes. */
const MAX_TALK_BACKLOG_BYTES = 8_192;

export interface ListenSessionOptions {
  readonly channel: string;
  /** From the address; null: none. */
  readonly key: string | null;
  /** Only the decoder that comes with the page. */
  readonly wasm: boolean;
  readonly onLevel: (levelDb: number) => void;
}

/** What the page does: connection, decoder, playout, microphone. Its state is in listen-state.ts. */
export class ListenSession {
  readonly #options: ListenSessionOptions;
  #secret: string | null;
  #socket: ListenerSocket | null = null;
  #closed = false;
  #playout: Playout | null = null;
  #decoder: SoundDecoder | null = null;
  #decoderFailures = 0;
  #lastUs = Number.NEGATIVE_INFINITY;
  #reports = 0;
  #mayTalk = false;
  #microphone: TalkMicrophone | null = null;
  #microphoneRest: ReturnType<typeof setTimeout> | undefined;
  #talkHeld = false;
  #talkSequence = 0;

  constructor(options: ListenSessionOptions) {
    this.#options = options;
    this.#secret = options.key;
    void this.#begin();
  }

  /** As the address names it. */
  get channel(): string {
    return this.#options.channel;
  }

  /** Must be called from a press of a button. */
  async play(): Promise<void> {
    if (useListenState.getState().listening !== 'off') return;
    useListenState.setState({ listening: 'starting', soundTrouble: '' });
    // Stop may be pressed meanwhile.
    const wanted = (): boolean => useListenState.getState().listening === 'starting';
    try {
      const playout = await Playout.open((report) => this.#handleReport(report));
      if (!wanted()) {
        playout.close();
        return;
      }
      this.#playout = playout;
      await this.#openDecoder(this.#options.wasm);
    } catch {
      this.#giveUpSound();
      return;
    }
    if (!wanted()) return;
    useListenState.setState({ listening: 'on' });
    this.#applyVolume();
    this.#reconnect();
  }

  stop(): void {
    const wasOn = useListenState.getState().listening === 'on';
    this.#playout?.close();
    this.#playout = null;
    this.#decoder?.close();
    this.#decoder = null;
    useListenState.setState({ listening: 'off', decoder: null, delayMs: null });
    this.#options.onLevel(Number.NEGATIVE_INFINITY);
    if (wasOn) this.#reconnect();
  }

  setVolume(volume: number): void {
    useListenState.setState({ volume, muted: false });
    this.#applyVolume();
  }

  setMuted(muted: boolean): void {
    useListenState.setState({ muted });
    this.#applyVolume();
  }

  /** Tries again with that password or link key. */
  enter(secret: string): void {
    this.#secret = secret;
    this.#reconnect();
  }

  retry(): void {
    this.#reconnect();
  }

  async holdTalk(): Promise<void> {
    if (this.#talkHeld || useListenState.getState().talk === 'none') return;
    this.#talkHeld = true;
    clearTimeout(this.#microphoneRest);
    useListenState.setState({ talk: this.#microphone === null ? 'opening' : 'talking', talkTrouble: '' });
    if (this.#microphone !== null) return;
    try {
      const microphone = await TalkMicrophone.open((packet, timestampUs) => this.#say(packet, timestampUs));
      this.#microphone = microphone;
      if (this.#talkHeld) useListenState.setState({ talk: 'talking' });
      else this.#restMicrophone();
    } catch {
      this.#talkHeld = false;
      useListenState.setState({ talk: 'offered', talkTrouble: 'The browser gives this page no microphone.' });
    }
  }

  releaseTalk(): void {
    if (!this.#talkHeld) return;
    this.#talkHeld = false;
    if (useListenState.getState().talk !== 'none') useListenState.setState({ talk: 'offered' });
    this.#restMicrophone();
  }

  close(): void {
    this.#closed = true;
    this.#socket?.close();
    this.#playout?.close();
    this.#decoder?.close();
    this.#microphone?.close();
  }

  #restMicrophone(): void {
    clearTimeout(this.#microphoneRest);
    this.#microphoneRest = setTimeout(() => {
      this.#microphone?.close();
      this.#microphone = null;
    }, MICROPHONE_REST_MS);
  }

  #say(packet: Uint8Array, timestampUs: number): void {
    if (!this.#talkHeld || this.#socket === null || this.#socket.backlogBytes > MAX_TALK_BACKLOG_BYTES)
      return;
    this.#socket.send(writeFrame(this.#talkSequence, timestampUs, packet));
    this.#talkSequence += 1;
  }

  /** Whether it would talk has to be known first: it is said in the hello. */
  async #begin(): Promise<void> {
    this.#mayTalk = await canTalk();
    this.#reconnect();
  }

  #reconnect(): void {
    this.#socket?.close();
    this.#socket = null;
    if (this.#closed) return;
    useListenState.setState({ link: { kind: 'connecting' }, refusal: null });
    this.#socket = new ListenerSocket({
      channel: this.#options.channel,
      secret: this.#secret,
      frames: this.#playout !== null,
      ptt: this.#mayTalk,
      onText: (message) => this.#handleText(message),
      onFrame: (message) => this.#handleFrame(message),
      onLost: (retryMs) => this.#handleLost(retryMs),
    });
  }

  #handleText(message: ListenerText): void {
    switch (message.type) {
      case 'welcome':
        if (message.accepted) this.#handleWelcome(message);
        else useListenState.setState({ refusal: { code: message.code, sentence: message.error } });
        return;
      case 'meta':
        useListenState.setState({
          onAir: {
            source: message.source,
            title: message.tags['title'] ?? '',
            artist: message.tags['artist'] ?? '',
            bitrate: message.bitrate ?? null,
            channels: message.channels,
          },
        });
        return;
      case 'publisher':
        if (message.action === 'stop') {
          useListenState.setState({ onAir: null });
          this.#playout?.rest();
        }
        return;
      case 'error':
        this.releaseTalk();
        useListenState.setState({ talkTrouble: message.message });
    }
  }

  #handleWelcome({ name, talk }: { readonly name: string; readonly talk: boolean }): void {
    const mayTalk = talk && this.#mayTalk;
    // What is on is told next, if anything is.
    useListenState.setState({
      link: { kind: 'open' },
      refusal: null,
      channelName: name,
      onAir: null,
      talk: mayTalk ? 'offered' : 'none',
    });
  }

  #handleLost(retryMs: number | null): void {
    this.#playout?.rest();
    this.releaseTalk();
    useListenState.setState({
      onAir: null,
      talk: 'none',
      link:
        retryMs === null ? { kind: 'refused' } : { kind: 'waiting', retryAtMs: performance.now() + retryMs },
    });
    if (retryMs === null) this.stop();
  }

  #handleFrame(message: ArrayBuffer): void {
    const frame = readFrame(message);
    if (frame === null || this.#decoder === null) return;
    const agoUs = this.#lastUs - frame.timestampUs;
    if (agoUs >= 0 && agoUs < REPEAT_US) return;
    this.#lastUs = frame.timestampUs;
    this.#decoder.decode(frame.payload, frame.timestampUs);
  }

  async #openDecoder(wasm: boolean): Promise<void> {
    const decoder: SoundDecoder = await openDecoder(
      (left, right, position) => {
        this.#decoderFailures = 0;
        this.#playout?.play(left, right, position);
      },
      () => this.#replaceDecoder(decoder),
      wasm,
    );
    if (this.#playout === null) decoder.close();
    else {
      this.#decoder = decoder;
      useListenState.setState({ decoder: decoder.kind });
    }
  }

  /** A packet that a decoder could not bear ends that decoder, not the listening. */
  #replaceDecoder(failed: SoundDecoder): void {
    if (this.#decoder !== failed) return;
    this.#decoder = null;
    failed.close();
    this.#decoderFailures += 1;
    this.#openDecoder(this.#options.wasm || this.#decoderFailures > MAX_DECODER_FAILURES).catch(() =>
      this.#giveUpSound(),
    );
  }

  #giveUpSound(): void {
    this.stop();
    useListenState.setState({ soundTrouble: 'This browser gives no sound here. Try another one.' });
  }

  #applyVolume(): void {
    const { volume, muted } = useListenState.getState();
    // Loudness goes with about the square of what the hand sets.
    this.#playout?.setVolume(muted ? 0 : volume ** 2);
  }

  #handleReport(report: PlayoutReport): void {
    this.#options.onLevel(report.playing ? report.levelDb : Number.NEGATIVE_INFINITY);
    this.#reports += 1;
    if (this.#reports % REPORTS_PER_DELAY !== 0 || this.#playout === null) return;
    useListenState.setState({
      delayMs: report.playing ? Math.round(report.bufferedMs + this.#playout.deviceMs) : null,
      breaks: report.dry + report.skips,
    });
  }
}
