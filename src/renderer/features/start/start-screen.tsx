import { type FormEvent, type ReactElement, useEffect, useRef, useState } from 'react';
import type { AppState } from '../../../contract/dto.ts';
import { MAX_NAME_TEXT_LENGTH } from '../../../contract/limits.ts';
import { settle } from '../../state/outcome.ts';
import { perform, useProgram } from '../../state/program.ts';
import { TextField } from '../../ui/field.tsx';
import { BookmarkList } from '../bookmarks/bookmark-list.tsx';
import { SoundCheck } from '../devices/sound-check.tsx';
import { HostingPanel } from '../room/hosting-panel.tsx';
import { phaseSentence } from '../room/room-status.ts';
import { TestingMark } from '../testing/testing-mark.tsx';
import { HostCard } from './host-card.tsx';
import { JoinCard } from './join-card.tsx';
import './start.css';

const NICKNAME_NEEDED = 'Choose a nickname first: it is how the others see you.';

/** Where one begins: a nickname, then a room to join or to host. */
export function StartScreen({ app }: { app: AppState }): ReactElement {
  const { api } = useProgram();
  const [nickname, setNickname] = useState(app.nickname);
  const [nicknameError, setNicknameError] = useState('');
  const nicknameBox = useRef<HTMLInputElement>(null);
  const targetBox = useRef<HTMLInputElement>(null);
  const known = useRef(app.nickname !== '');
  useEffect(() => {
    (known.current ? targetBox : nicknameBox).current?.focus();
  }, []);
  const connecting = app.connection.phase === 'connecting';

  /** Runs `go` with the nickname, or asks for one. Answers with the sentence to show, empty when all went well. */
  const withNickname = async (go: (nickname: string) => ReturnType<typeof api.join>): Promise<string> => {
    const given = nickname.trim();
    if (given === '') {
      setNicknameError(NICKNAME_NEEDED);
      nicknameBox.current?.focus();
      return '';
    }
    setNicknameError('');
    const outcome = await settle(go(given));
    return outcome.ok ? '' : outcome.sentence;
  };

  return (
    <div className="start">
      <TestingMark testing={app.testing} />
      <div className="start-head">
        <h1>Voice rooms you host yourself</h1>
        <p>No account, no server to rent. One of you hosts, the other pastes a link.</p>
      </div>
      <form className="start-nickname" onSubmit={(event: FormEvent) => event.preventDefault()}>
        <TextField
          label="Your nickname"
          value={nickname}
          onChange={(text) => {
            setNickname(text);
            setNicknameError('');
          }}
          testId="nickname"
          maxLength={MAX_NAME_TEXT_LENGTH}
          error={nicknameError}
          inputRef={nicknameBox}
        />
      </form>
      {connecting ? (
        <section className="panel connecting" aria-label="Connecting">
          <span className="lamp" data-tone="live" />
          <p role="status">{phaseSentence(app.connection)}</p>
          <button
            type="button"
            className="button"
            data-size="small"
            data-testid="leave"
            onClick={() => void perform(api.leave())}
          >
            Cancel
          </button>
        </section>
      ) : null}
      <div className="start-cards">
        <JoinCard
          busy={connecting}
          boxRef={targetBox}
          onJoin={(target, password) =>
            withNickname((given) => api.join({ target, nickname: given, password }))
          }
        />
        {app.hosting.phase === 'on' ? (
          <HostingPanel
            hosting={app.hosting}
            onReturn={(link) =>
              withNickname((given) => api.join({ target: link, nickname: given, password: null }))
            }
          />
        ) : (
          <HostCard
            nickname={nickname}
            busy={connecting || app.hosting.phase === 'starting'}
            starting={app.hosting.phase === 'starting'}
            onHost={(room) => withNickname((given) => api.host({ ...room, nickname: given }))}
          />
        )}
      </div>
      <BookmarkList bookmarks={app.bookmarks} busy={connecting} />
      <SoundCheck app={app} />
    </div>
  );
}
