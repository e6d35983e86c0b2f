import { type KeyboardEvent, type PointerEvent, type ReactElement, useEffect, useRef, useState } from 'react';
import type { AppState } from '../../../contract/dto.ts';
import { perform, useProgram } from '../../state/program.ts';
import { Icon } from '../../ui/icons.tsx';
import { TalkHold } from './talk-hold.ts';

const isTalkKey = (event: KeyboardEvent): boolean => event.key === ' ' || event.key === 'Enter';

/**
 * Opens the microphone while it is held, by pointer or by Space or Enter.
 *
 * Whatever could swallow the release counts as one: a cancelled or lost pointer, a lost focus, a hidden window,
 * a button that goes away.
 */
export function TalkButton({ app }: { app: AppState }): ReactElement {
  const { api } = useProgram();
  const [down, setDown] = useState(false);
  const hold = useRef<TalkHold>(null);
  const usable = app.activation === 'pushToTalk' && !app.muted && !app.deafened;

  useEffect(() => {
    const made = new TalkHold((isDown) => {
      setDown(isDown);
      void perform(api.setTalkButton({ down: isDown }));
    });
    hold.current = made;
    const releaseAll = (): void => made.releaseAll();
    const releaseWhenHidden = (): void => {
      if (document.visibilityState === 'hidden') made.releaseAll();
    };
    window.addEventListener('blur', releaseAll);
    window.addEventListener('pagehide', releaseAll);
    document.addEventListener('visibilitychange', releaseWhenHidden);
    return () => {
      made.releaseAll();
      window.removeEventListener('blur', releaseAll);
      window.removeEventListener('pagehide', releaseAll);
      document.removeEventListener('visibilitychange', releaseWhenHidden);
    };
  }, [api]);

  useEffect(() => {
    if (!usable) hold.current?.releaseAll();
  }, [usable]);

  const pressPointer = (event: PointerEvent<HTMLButtonElement>): void => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    hold.current?.press('pointer');
  };
  const releasePointer = (): void => hold.current?.release('pointer');
  return (
    <button
      type="button"
      className="button talk-button"
      data-testid="talk-button"
      data-on-air={app.transmitting}
      aria-pressed={down}
      disabled={!usable}
      onPointerDown={pressPointer}
      onPointerUp={releasePointer}
      onPointerCancel={releasePointer}
      onLostPointerCapture={releasePointer}
      onContextMenu={(event) => event.preventDefault()}
      onKeyDown={(event) => {
        if (!isTalkKey(event)) return;
        event.preventDefault();
        hold.current?.press('key');
      }}
      onKeyUp={(event) => {
        if (isTalkKey(event)) hold.current?.release('key');
      }}
      onBlur={() => hold.current?.releaseAll()}
    >
      <Icon name={app.muted || app.deafened ? 'microphoneOff' : 'microphone'} size={22} />
      {talkButtonLabel(app)}
    </button>
  );
}

function talkButtonLabel(app: AppState): string {
  if (app.deafened) return 'Deafened';
  if (app.muted) return 'Muted';
  if (app.transmitting) return 'On air';
  switch (app.activation) {
    case 'pushToTalk':
      return 'Hold to talk';
    case 'voiceActivity':
      return 'Just speak';
    case 'open':
      return 'Open';
  }
}
