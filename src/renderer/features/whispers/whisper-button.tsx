import type { ReactElement } from 'react';
import type { WhisperTarget } from '../../../contract/room.ts';
import { perform, useProgram } from '../../state/program.ts';
import { Icon } from '../../ui/icons.tsx';
import { useHold } from '../voice/use-hold.ts';
import './whispers.css';

interface WhisperButtonProps {
  readonly target: WhisperTarget;
  readonly label: string;
  /** Why one cannot whisper there; empty: one can. */
  readonly rule: string;
  readonly testId: string;
  /** Looks like the entries of a menu, with the rule under it. */
  readonly menuItem?: boolean;
}

/** Whispers while it is held. */
export function WhisperButton(props: WhisperButtonProps): ReactElement {
  const { target, label, rule, testId, menuItem = false } = props;
  const { api } = useProgram();
  const { down, handlers } = useHold(
    (isDown) => void perform(api.setWhisperButton({ target, down: isDown })),
    rule === '',
  );
  return (
    <button
      type="button"
      className={menuItem ? 'menu-item whisper-button' : 'button whisper-button'}
      data-testid={testId}
      data-down={down}
      aria-pressed={down}
      aria-disabled={rule !== ''}
      {...(rule === '' ? {} : { 'aria-description': rule })}
      {...(rule === '' || menuItem ? {} : { 'data-tip': rule })}
      onContextMenu={(event) => event.preventDefault()}
      {...handlers}
    >
      <Icon name="whisper" size={16} />
      <span className="menu-item-text">
        {label}
        {menuItem && rule !== '' ? <span className="menu-item-rule">{rule}</span> : null}
      </span>
    </button>
  );
}
