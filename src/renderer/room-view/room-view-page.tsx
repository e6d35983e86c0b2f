import { type ReactElement, useEffect, useRef, useState } from 'react';
import { TextField } from '../ui/field.tsx';
import { laneAddress, RoomLane, type RoomLaneState, roomOf } from './room-lane.ts';

const SENTENCES: Readonly<Record<'idle' | 'connecting' | 'listening', string>> = {
  idle: 'A room that cannot be reached directly is heard through this relay.',
  connecting: 'Connecting to the relay…',
  listening: 'Live',
};

/** What is going on, in a person's words. */
export function stateSentence(state: RoomLaneState): string {
  switch (state.kind) {
    case 'ended':
      return state.sentence;
    case 'waiting':
      return state.note === '' ? 'Waiting for the room…' : state.note;
    default:
      return SENTENCES[state.kind];
  }
}

function toneOf({ kind }: RoomLaneState): 'off' | 'good' | 'live' | 'bad' {
  switch (kind) {
    case 'listening':
      return 'live';
    case 'ended':
      return 'bad';
    case 'idle':
      return 'off';
    default:
      return 'good';
  }
}

/** Asks which room, and plays it. */
export function RoomViewPage({ page }: { readonly page: URL }): ReactElement {
  const given = roomOf(page);
  const [room, setRoom] = useState(given.room);
  const [key, setKey] = useState(given.key);
  const [state, setState] = useState<RoomLaneState>({ kind: 'idle' });
  const [audio] = useState(() => new Audio());
  const lane = useRef<RoomLane | null>(null);
  useEffect(() => {
    const created = new RoomLane(setState, (stream) => {
      audio.srcObject = stream;
      // Whoever pressed the button may be played to.
      audio.play().catch(() => setState({ kind: 'ended', sentence: 'The browser does not play the sound.' }));
    });
    lane.current = created;
    return () => {
      created.close();
      audio.srcObject = null;
    };
  }, [audio]);
  const isOn = state.kind !== 'idle' && state.kind !== 'ended';
  return (
    <>
      <p className="engraved">Room</p>
      <h1 className="listen-channel" data-testid="room-name">
        {room === '' ? 'Listen to a room' : room}
      </h1>
      <p className="listen-status" role="status" data-testid="room-status">
        <span className="lamp" data-tone={toneOf(state)} />
        {stateSentence(state)}
      </p>
      {isOn ? (
        <button
          type="button"
          className="button"
          data-testid="room-stop"
          onClick={() => lane.current?.close()}
        >
          Stop
        </button>
      ) : (
        <form
          className="listen-secret"
          onSubmit={(event) => {
            event.preventDefault();
            if (room !== '') lane.current?.open(laneAddress(page, room, key));
          }}
        >
          <TextField label="Name of the room" value={room} onChange={setRoom} testId="room" maxLength={128} />
          <TextField
            label="Key, if it asks for one"
            value={key}
            onChange={setKey}
            testId="room-key"
            secret
            autoComplete="current-password"
            maxLength={256}
          />
          <button type="submit" className="button" data-kind="primary" data-testid="room-listen">
            Listen
          </button>
        </form>
      )}
    </>
  );
}
