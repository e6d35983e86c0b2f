import { type KeyboardEvent, type ReactElement, useId, useState } from 'react';
import { MAX_CHAT_TEXT_BYTES } from '../../../contract/limits.ts';
import { sentenceOf } from '../../state/outcome.ts';
import { useProgram } from '../../state/program.ts';
import { FieldError } from '../../ui/field.tsx';
import { Icon } from '../../ui/icons.tsx';
import { type HeldConversation, keepDraft } from './chat-store.ts';
import { messageLength, safeText } from './message-text.ts';

/** Rows the box grows to before it scrolls. */
const MAX_ROWS = 6;

interface ComposerProps {
  readonly conversation: HeldConversation;
  /** It belongs to a channel one is not in. */
  readonly away: boolean;
}

/** Where a message is written: Enter sends, Shift and Enter begin a new line. */
export function Composer({ conversation, away }: ComposerProps): ReactElement {
  const { api } = useProgram();
  const id = useId();
  const { target, title, draft } = conversation;
  const [error, setError] = useState('');
  const text = safeText(draft).trim();
  const length = messageLength(text, MAX_CHAT_TEXT_BYTES);
  const blocked = away || length.tooLong;
  const send = async (): Promise<void> => {
    if (text === '' || blocked) return;
    // Taken out of the box at once: a second Enter must not send it twice.
    keepDraft(target, title, '');
    const problem = await sentenceOf(api.sendChat({ target, text }));
    setError(problem);
    if (problem !== '') keepDraft(target, title, draft);
  };
  const press = (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    // Enter that ends the composition of a character is no Enter of its own.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void send();
  };
  return (
    <div className="composer">
      <label className="visually-hidden" htmlFor={id}>
        Message to {title}
      </label>
      <textarea
        id={id}
        className="input composer-box"
        dir="auto"
        rows={Math.min(MAX_ROWS, draft.split('\n').length)}
        placeholder={away ? `Join ${title} to write there` : `Message to ${title}`}
        value={draft}
        data-testid="chat-input"
        readOnly={away}
        aria-invalid={length.tooLong}
        aria-describedby={`${id}-length`}
        onChange={(event) => {
          keepDraft(target, title, event.target.value);
          setError('');
        }}
        onKeyDown={press}
      />
      <button
        type="button"
        className="button"
        data-kind="primary"
        data-shape="square"
        data-testid="chat-send"
        aria-label="Send"
        title="Send (Enter)"
        aria-disabled={blocked || text === ''}
        onClick={() => void send()}
      >
        <Icon name="send" />
      </button>
      <p id={`${id}-length`} className="composer-length reading" role="status" data-bad={length.tooLong}>
        {length.told}
      </p>
      <FieldError sentence={error} testId="chat-error" />
    </div>
  );
}
