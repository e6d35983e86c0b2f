import { type ReactElement, useEffect } from 'react';
import { Icon } from '../ui/icons.tsx';
import { Range } from '../ui/range.tsx';
import { LevelMeter, type LevelSource } from './level-meter.tsx';
import type { ListenSession } from './listen-session.ts';
import { asksForSecret, type ListenState, statusSentence, useListenState } from './listen-state.ts';
import { SecretForm } from './secret-form.tsx';
import { TalkButton } from './talk-button.tsx';

interface ListenPageProps {
  readonly session: ListenSession;
  readonly levels: LevelSource;
}

/** One channel: what is on, and everything to hear it by. */
export function ListenPage({ session, levels }: ListenPageProps): ReactElement {
  const state = useListenState();
  useDocumentTitle(state);
  useMediaSession(state, session);
  const asks = asksForSecret(state);
  const wrong = state.refusal?.code === 'proofWrong';
  return (
    <>
      <p className="engraved">Channel</p>
      <h1 className="listen-channel" data-testid="channel">
        {state.channelName === '' ? session.channel : state.channelName}
      </h1>
      {wrong ? null : <Status state={state} />}
      {asks ? (
        <SecretForm
          trouble={wrong ? statusSentence(state) : ''}
          onEnter={(secret) => session.enter(secret)}
        />
      ) : null}
      {state.link.kind === 'refused' ? null : (
        <>
          <NowPlaying state={state} />
          <Controls state={state} session={session} levels={levels} />
        </>
      )}
      {state.link.kind === 'refused' && !asks ? (
        <button type="button" className="button" data-testid="retry" onClick={() => session.retry()}>
          <Icon name="refresh" />
          Try again
        </button>
      ) : null}
      {state.talk === 'none' ? null : <TalkButton session={session} />}
      {state.listening === 'on' ? <Readings state={state} /> : null}
    </>
  );
}

function Status({ state }: { readonly state: ListenState }): ReactElement {
  const { refusal, link, listening, onAir, soundTrouble } = state;
  const bad = refusal !== null || link.kind === 'waiting' || soundTrouble !== '';
  const live = onAir !== null && listening === 'on';
  return (
    <p className="listen-status" role="status" data-testid="status">
      <span className="lamp" data-tone={bad ? 'bad' : live ? 'live' : onAir === null ? 'off' : 'good'} />
      {statusSentence(state)}
    </p>
  );
}

/** A live region that stays, so that a new title is announced. */
function NowPlaying({ state: { onAir, channelName } }: { readonly state: ListenState }): ReactElement {
  const title = onAir?.title ?? '';
  const artist = onAir?.artist ?? '';
  const source = onAir?.source ?? '';
  // A publisher without a name is called by its artist, a conversation by its channel: once is enough.
  const unnamed = source === '' || source === channelName ? 'On air' : source;
  return (
    <section className="listen-now" aria-live="polite" aria-label="Now playing">
      <p className="listen-title" data-testid="title">
        {onAir === null ? 'Silence' : title === '' ? unnamed : title}
      </p>
      <p className="listen-artist" data-testid="artist">
        {artist}
      </p>
      {title === '' || source === artist || source === channelName ? null : (
        <p className="listen-source" data-testid="source">
          from {source}
        </p>
      )}
    </section>
  );
}

function Controls({
  state,
  session,
  levels,
}: ListenPageProps & { readonly state: ListenState }): ReactElement {
  const { listening, muted, volume } = state;
  const percent = (value: number): string => `${Math.round(value * 100)} %`;
  return (
    <section className="listen-controls" aria-label="Player">
      <button
        type="button"
        className="button listen-play"
        data-kind={listening === 'off' ? 'primary' : 'plain'}
        data-testid="play"
        aria-busy={listening === 'starting'}
        onClick={() => (listening === 'off' ? void session.play() : session.stop())}
      >
        <PlayMark stop={listening !== 'off'} />
        {listening === 'off' ? 'Play' : 'Stop'}
      </button>
      <LevelMeter levels={levels} />
      <div className="listen-volume">
        <button
          type="button"
          className="button"
          data-kind="quiet"
          data-shape="square"
          data-testid="mute"
          aria-pressed={muted}
          aria-label="Mute"
          title="Mute"
          onClick={() => session.setMuted(!muted)}
        >
          <Icon name="channel" />
        </button>
        <Range
          label="Volume"
          min={0}
          max={1}
          step={0.01}
          value={volume}
          valueText={percent}
          onChange={(value) => session.setVolume(value)}
          testId="volume"
        />
        <output className="reading listen-percent">{muted ? 'muted' : percent(volume)}</output>
      </div>
    </section>
  );
}

function PlayMark({ stop }: { readonly stop: boolean }): ReactElement {
  return (
    <svg className="icon" width="18" height="18" viewBox="0 0 20 20" fill="currentColor" aria-hidden="true">
      {stop ? <path d="M5 5h10v10H5z" /> : <path d="M6 3.500l10.500 6.500L6 16.500z" />}
    </svg>
  );
}

function Readings({
  state: { delayMs, breaks, decoder, onAir },
}: {
  readonly state: ListenState;
}): ReactElement {
  const bitrate = onAir?.bitrate ?? null;
  return (
    <dl className="listen-readings">
      <div title="Sound that waits in this page, so that an uneven network is not heard, and in the sound card. The way through the network and whatever the sender keeps back come on top.">
        <dt className="engraved">Delay in this page</dt>
        <dd className="reading" data-testid="delay">
          {delayMs === null ? '–' : `${delayMs} ms`}
        </dd>
      </div>
      <div title="Times the sound broke off because the network did not keep up.">
        <dt className="engraved">Breaks</dt>
        <dd className="reading" data-testid="breaks">
          {breaks}
        </dd>
      </div>
      <div>
        <dt className="engraved">Sound</dt>
        <dd className="reading">
          Opus {onAir?.channels === 2 ? 'stereo' : 'mono'}
          {bitrate === null ? '' : `, ${Math.round(bitrate / 1_000)} kbit/s`}
        </dd>
      </div>
      <div>
        <dt className="engraved">Decoder</dt>
        <dd className="reading" data-testid="decoder">
          {decoder === 'wasm' ? 'of this page' : 'of the browser'}
        </dd>
      </div>
    </dl>
  );
}

function useDocumentTitle({ onAir, channelName }: ListenState): void {
  const parts = [onAir?.title ?? '', channelName, 'Sidetone'].filter((part) => part !== '');
  const title = [...new Set(parts)].join(' · ');
  useEffect(() => {
    document.title = title;
  }, [title]);
}

/** What lock screens and keyboards with a play key show and do. */
function useMediaSession({ onAir, channelName, listening }: ListenState, session: ListenSession): void {
  const title = onAir?.title ?? '';
  const artist = onAir?.artist ?? '';
  useEffect(() => {
    if (!('mediaSession' in navigator)) return;
    navigator.mediaSession.metadata = new MediaMetadata({
      title: title === '' ? channelName : title,
      artist,
      album: channelName,
    });
    navigator.mediaSession.playbackState = listening === 'off' ? 'paused' : 'playing';
  }, [title, artist, channelName, listening]);
  useEffect(() => {
    if (!('mediaSession' in navigator)) return;
    navigator.mediaSession.setActionHandler('play', () => void session.play());
    for (const action of ['pause', 'stop'] as const)
      navigator.mediaSession.setActionHandler(action, () => session.stop());
  }, [session]);
}
