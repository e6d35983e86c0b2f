import type { KeyboardEvent, ReactElement } from 'react';
import { Icon } from '../ui/icons.tsx';
import type { ListenSession } from './listen-session.ts';
import { useListenState } from './listen-state.ts';

const TALK_KEYS = [' ', 'Enter'];

/** Speaks while it is held, by pointer or by key. */
export function TalkButton({ session }: { readonly session: ListenSession }): ReactElement {
  const talk = useListenState((state) => state.talk);
  const trouble = useListenState((state) => state.talkTrouble);
  const isTalkKey = (event: KeyboardEvent): boolean => TALK_KEYS.includes(event.key);
  return (
    <div className="listen-talk">
      <button
        type="button"
        className="button listen-talk-button"
        data-testid="talk"
        data-on-air={talk === 'talking'}
        aria-pressed={talk === 'talking'}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          void session.holdTalk();
        }}
        onPointerUp={() => session.releaseTalk()}
        onPointerCancel={() => session.releaseTalk()}
        onKeyDown={(event) => {
          if (!isTalkKey(event)) return;
          event.preventDefault();
          if (!event.repeat) void session.holdTalk();
        }}
        onKeyUp={(event) => {
          if (isTalkKey(event)) session.releaseTalk();
        }}
        onBlur={() => session.releaseTalk()}
      >
        <Icon name="microphone" />
        {talk === 'opening'
          ? 'Opening the microphone …'
          : talk === 'talking'
            ? 'You are heard'
            : 'Hold to talk'}
      </button>
      <p className="field-error" aria-live="assertive" data-testid="talk-trouble">
        {trouble}
      </p>
    </div>
  );
}
