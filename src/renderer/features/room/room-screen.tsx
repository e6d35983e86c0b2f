import { type ReactElement, useEffect, useRef } from 'react';
import type { AppState } from '../../../contract/dto.ts';
import { perform, useProgram } from '../../state/program.ts';
import { useWindow } from '../../state/window-store.ts';
import { Icon } from '../../ui/icons.tsx';
import { useDelayed } from '../../ui/use-delayed.ts';
import { HostingPanel } from './hosting-panel.tsx';
import { MemberRow } from './member-row.tsx';
import { bitrateText, headcountText, memberOrder, phaseSentence, voicePathSentence } from './room-status.ts';
import './room.css';

/** How long a voice path may take to answer before its silence is a warning, in ms: several lost probes. */
const VOICE_PATH_GRACE_MS = 2_500;

/** The room one is in: where, how well connected, who else. */
export function RoomScreen({ app }: { app: AppState }): ReactElement {
  const room = useWindow((state) => state.room);
  const talking = useWindow((state) => state.talking);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const members = memberOrder(app.members);
  const hosting = app.hosting.phase === 'on' ? app.hosting : null;
  return (
    <div className="room">
      <header className="room-head">
        <div className="room-title">
          <h1 tabIndex={-1} ref={heading} data-testid="room-name" title={room?.roomName}>
            {room?.roomName ?? 'Room'}
          </h1>
          <LeaveButton />
        </div>
        <ul className="room-facts">
          {room === null ? null : (
            <li>
              <span className="room-channel" title={room.channelName}>
                {room.channelName}
              </span>
            </li>
          )}
          {room === null ? null : <li>{bitrateText(room.bitrate)}</li>}
          <li>
            <VoicePath connection={app.connection} />
          </li>
        </ul>
      </header>
      {app.connection.phase === 'reconnecting' ? (
        <p className="room-banner" role="alert">
          <Icon name="warning" />
          {phaseSentence(app.connection)}
        </p>
      ) : null}
      {hosting === null ? null : <HostingPanel hosting={hosting} onReturn={null} />}
      <section aria-labelledby="members-title">
        <h2 id="members-title" className="engraved members-title">
          {headcountText(members.length)}
        </h2>
        <ul className="members">
          {members.map((member) => (
            <MemberRow
              key={member.token}
              member={member}
              talking={talking.has(member.token) || (member.self && app.transmitting)}
            />
          ))}
        </ul>
        {members.length > 1 ? null : (
          <p className="members-empty">
            {hosting === null
              ? 'Nobody else is here at the moment. They appear as soon as they join.'
              : 'Send the invite link to a friend. They appear here as soon as they join.'}
          </p>
        )}
      </section>
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
