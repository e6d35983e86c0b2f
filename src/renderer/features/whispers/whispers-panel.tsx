import { type ReactElement, useEffect, useRef } from 'react';
import type { Member, WhisperList, Whispers } from '../../../contract/dto.ts';
import { showDialog } from '../../state/dialog-store.ts';
import { perform, useProgram } from '../../state/program.ts';
import { Icon } from '../../ui/icons.tsx';
import { KeyBinding } from '../voice/key-binding.tsx';
import { WhisperButton } from './whisper-button.tsx';
import { listPeopleText, listRule } from './whisper-people.ts';
import './whispers.css';

interface WhispersPanelProps {
  readonly whispers: Whispers;
  readonly members: readonly Member[];
  /** Why global keys do not work; empty: they do. */
  readonly hotkeyProblem: string;
}

/** Whom one can talk to alone: whoever whispered last, and groups with keys of their own. */
export function WhispersPanel({ whispers, members, hotkeyProblem }: WhispersPanelProps): ReactElement {
  const { api } = useProgram();
  const { capturing, lastFrom } = whispers;
  const capturingNow = useRef(capturing);
  capturingNow.current = capturing;
  useEffect(
    () => () => {
      // Keys are taken for a binding only while the question for one is on the screen.
      const key = capturingNow.current;
      if (key !== null) void perform(api.captureWhisperBinding({ key, capturing: false }));
    },
    [api],
  );
  return (
    <section className="whispers" aria-label="Whispers">
      <p className="field-hint">
        A whisper is sealed for the people it goes to. Nobody else in the channel hears it.
      </p>
      <section className="whisper-card" aria-labelledby="whisper-reply-title">
        <div className="whisper-head">
          <div>
            <h3 id="whisper-reply-title">Reply</h3>
            <p className="field-hint">
              {lastFrom === '' ? 'To whoever whispered to you last' : `To ${lastFrom}, who whispered last`}
            </p>
          </div>
          <WhisperButton
            target={{ kind: 'reply' }}
            label="Hold to reply"
            rule={lastFrom === '' ? 'Nobody has whispered to you yet.' : ''}
            testId="whisper-reply"
          />
        </div>
        <WhisperKey whispers={whispers} binding={whispers.replyBinding} of="reply" purpose="to reply" />
      </section>
      {whispers.lists.map((list) => (
        <ListCard key={list.id} list={list} whispers={whispers} members={members} />
      ))}
      <button
        type="button"
        className="button whisper-new"
        data-testid="whisper-list-new"
        onClick={() => showDialog({ kind: 'whisperList', id: null })}
      >
        <Icon name="plus" size={16} />
        New list
      </button>
      {hotkeyProblem === '' ? null : (
        <p className="talk-key-problem">
          <Icon name="warning" size={16} />
          <span>{hotkeyProblem}</span>
        </p>
      )}
    </section>
  );
}

interface ListCardProps {
  readonly list: WhisperList;
  readonly whispers: Whispers;
  readonly members: readonly Member[];
}

function ListCard({ list, whispers, members }: ListCardProps): ReactElement {
  const { api } = useProgram();
  const id = `whisper-list-${list.id}`;
  return (
    <section className="whisper-card" aria-labelledby={id} data-testid="whisper-list" data-name={list.name}>
      <div className="whisper-head">
        <div>
          <h3 id={id}>
            <bdi>{list.name}</bdi>
          </h3>
          <p className="field-hint">{listPeopleText(list.targets, members)}</p>
        </div>
        <WhisperButton
          target={{ kind: 'list', list: list.id }}
          label="Hold to whisper"
          rule={listRule(list.targets, members)}
          testId="whisper-list-hold"
        />
      </div>
      <WhisperKey whispers={whispers} binding={list.binding} of={list.id} purpose={`for ${list.name}`} />
      <div className="whisper-actions">
        <button
          type="button"
          className="button"
          data-kind="quiet"
          data-size="small"
          data-testid="whisper-list-edit"
          aria-label={`Edit the list ${list.name}`}
          onClick={() => showDialog({ kind: 'whisperList', id: list.id })}
        >
          Edit
        </button>
        <button
          type="button"
          className="button"
          data-kind="quiet"
          data-size="small"
          data-testid="whisper-list-remove"
          aria-label={`Remove the list ${list.name}`}
          onClick={() => void perform(api.removeWhisperList({ list: list.id }))}
        >
          Remove
        </button>
      </div>
    </section>
  );
}

interface WhisperKeyProps {
  readonly whispers: Whispers;
  readonly binding: WhisperList['binding'];
  readonly of: 'reply' | number;
  readonly purpose: string;
}

function WhisperKey({ whispers, binding, of, purpose }: WhisperKeyProps): ReactElement {
  const { api } = useProgram();
  return (
    <div className="talk-key whisper-key">
      <KeyBinding
        purpose={purpose}
        binding={binding}
        capturing={whispers.capturing === of}
        onCapture={(capturing) => void perform(api.captureWhisperBinding({ key: of, capturing }))}
        onClear={() => void perform(api.clearWhisperBinding({ key: of }))}
        testId={of === 'reply' ? 'whisper-reply-key' : 'whisper-list-key'}
      />
    </div>
  );
}
