import { type ReactElement, useEffect, useRef, useState } from 'react';
import type { AppState, Connection } from '../../../contract/dto.ts';
import { showDialog, showMenu } from '../../state/dialog-store.ts';
import { perform, useProgram } from '../../state/program.ts';
import { useWindow } from '../../state/window-store.ts';
import { Icon } from '../../ui/icons.tsx';
import { RuledButton } from '../../ui/ruled-button.tsx';
import { useDelayed } from '../../ui/use-delayed.ts';
import { menuPlace } from '../people/member-row.tsx';
import { TestingMark } from '../testing/testing-mark.tsx';
import { incomingWhisperText } from '../whispers/whisper-people.ts';
import { openSentence } from './listeners.ts';
import { bitrateText, phaseSentence, voicePathSentence } from './room-status.ts';
import { deafSentence, routeSentence, sealingHint, sealingLabel, strangersSentence } from './sealing.ts';

/** How long a voice path may take to answer before its silence is a warning, in ms: several lost probes. */
const VOICE_PATH_GRACE_MS = 2_500;

/** How often an age in seconds is told anew, in ms. */
const TICK_MS = 1_000;

/** Where one is, how well connected, how sealed; and whatever is wrong with any of it. */
export function RoomHead({ app }: { app: AppState }): ReactElement {
  const room = useWindow((state) => state.room);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const { connection } = app;
  return (
    <header className="room-head">
      <div className="room-title">
        <h1 tabIndex={-1} ref={heading} data-testid="room-name" title={room?.roomName}>
          {room?.roomName ?? 'Room'}
        </h1>
        <button
          type="button"
          className="button"
          data-kind="quiet"
          data-size="small"
          data-shape="square"
          data-testid="room-more"
          aria-haspopup="dialog"
          aria-label="More about this room"
          title="More"
          onClick={(event) => showMenu({ kind: 'room', place: menuPlace(event) })}
        >
          <Icon name="more" />
        </button>
        <LeaveButton />
      </div>
      <ul className="room-facts">
        {room === null ? null : (
          <li>
            <bdi className="room-channel" title={room.channelName}>
              {room.channel === null ? 'No channel' : room.channelName}
            </bdi>
          </li>
        )}
        {room === null ? null : <li>{bitrateText(room.bitrate)}</li>}
        <li>
          <VoicePath connection={connection} />
        </li>
        {connection.phase === 'connected' ? (
          <li>
            <SealLine connection={connection} open={isOpen(app, connection)} />
          </li>
        ) : null}
      </ul>
      <RoomAlarms app={app} />
    </header>
  );
}

type Connected = Extract<Connection, { phase: 'connected' }>;

/** One's own channel is heard outside, or may be. */
function isOpen({ channels, members }: AppState, { channel }: Connected): boolean {
  return (
    openSentence(
      channels.find((one) => one.id === channel),
      members,
    ) !== ''
  );
}

function SealLine({ connection, open }: { connection: Connected; open: boolean }): ReactElement {
  const sealed = connection.channel !== null && connection.sealing.state === 'sealed';
  const hint = sealingHint(connection, open);
  return (
    <RuledButton
      className="seal"
      data-testid="sealing"
      data-state={connection.channel === null ? 'none' : connection.sealing.state}
      data-open={open}
      rule={sealed ? '' : hint}
      hint={hint}
      onClick={() => showDialog({ kind: 'groupCode' })}
    >
      <Icon name={sealed && !open ? 'lock' : 'lockOpen'} size={14} />
      {sealingLabel(connection, open)}
    </RuledButton>
  );
}

/** Everything that must not be overlooked, the worst first. */
function RoomAlarms({ app }: { app: AppState }): ReactElement {
  const { connection, channels, members } = app;
  const whispers = incomingWhisperText(members);
  const connected = connection.phase === 'connected' ? connection : null;
  const channel = channels.find((one) => one.id === connected?.channel);
  const strangers = strangersSentence(connected?.sealing.strangers ?? 0);
  const open = openSentence(channel, members);
  const route = routeSentence(connected?.voiceRoute ?? 'udp');
  return (
    <div className="room-alarms">
      {connection.phase === 'reconnecting' ? (
        <p className="room-banner" role="alert">
          <Icon name="warning" />
          {phaseSentence(connection)}
        </p>
      ) : null}
      {strangers === '' ? null : (
        <p className="room-banner room-banner-loud" role="alert" data-testid="strangers">
          <Icon name="warning" size={22} />
          <span>{strangers}</span>
        </p>
      )}
      {connected === null || connected.deafForMs === null ? null : (
        <DeafBanner connection={connected} deafForMs={connected.deafForMs} />
      )}
      <TestingMark testing={app.testing} />
      {/* Always there, so that a screen reader hears of it when the switch goes on. */}
      <p className="room-note room-open" role="status" data-testid="listeners-open">
        {open === '' ? null : (
          <>
            <Icon name="ear" size={16} />
            {open}
          </>
        )}
      </p>
      {route === '' ? null : (
        <p className="room-note" data-testid="voice-route">
          <Icon name="info" size={16} />
          {route}
        </p>
      )}
      <p className="room-note room-whisper" role="status" data-testid="whisper-incoming">
        {whispers === '' ? null : (
          <>
            <Icon name="whisper" size={16} />
            <bdi>{whispers}</bdi>
          </>
        )}
      </p>
    </div>
  );
}

/** Counts on from what the program last said, so that a silent program does not make it look fresh. */
function DeafBanner(props: { connection: Connected; deafForMs: number }): ReactElement {
  const { connection, deafForMs } = props;
  const since = useRef({ connection, atMs: performance.now() });
  if (since.current.connection !== connection) since.current = { connection, atMs: performance.now() };
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  const sentence = deafSentence(deafForMs + performance.now() - since.current.atMs);
  return (
    <div className="room-banner" data-testid="deaf">
      <Icon name="warning" />
      {/* Announced once, not every second. */}
      <span aria-hidden="true">{sentence}</span>
      <span className="visually-hidden" role="alert">
        You hear nothing: the room’s voice path is silent.
      </span>
    </div>
  );
}

function LeaveButton(): ReactElement {
  const { api } = useProgram();
  return (
    <button
      type="button"
      className="button"
      data-kind="danger"
      data-size="small"
      data-testid="leave"
      onClick={() => void perform(api.leave())}
    >
      <Icon name="leave" size={16} />
      Leave
    </button>
  );
}

function VoicePath({ connection }: { connection: AppState['connection'] }): ReactElement {
  const path = connection.phase === 'connected' ? connection : { voicePath: false, pingMs: null };
  const late = useDelayed(!path.voicePath, VOICE_PATH_GRACE_MS);
  const paused = connection.phase !== 'connected';
  const bad = !paused && !path.voicePath && late;
  return (
    <span
      className="voice-path"
      role="status"
      data-testid="voice-path"
      data-alive={path.voicePath}
      data-tone={bad ? 'bad' : 'off'}
    >
      {bad ? <Icon name="warning" size={16} /> : null}
      {paused ? 'Voice is paused' : voicePathSentence(path, !late)}
    </span>
  );
}
