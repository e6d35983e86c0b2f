import type { ReactElement } from 'react';
import type { AppState } from '../../../contract/dto.ts';
import { showDialog } from '../../state/dialog-store.ts';
import { Icon } from '../../ui/icons.tsx';
import { RuledButton } from '../../ui/ruled-button.tsx';
import { codeGroups } from '../people/member-notes.ts';
import { storageSentence } from './identity-words.ts';
import './identity.css';

/** Characters in a group of the public key. */
const KEY_GROUP_LENGTH = 4;

/** Who one is to others: the key, where it is kept, how it goes to another computer. */
export function IdentitySection({ app }: { app: AppState }): ReactElement {
  const { identity } = app;
  const inRoom = app.connection.phase !== 'idle';
  return (
    <section aria-labelledby="settings-identity" className="identity">
      <h3 id="settings-identity" className="engraved">
        Identity
      </h3>
      <p className="field-hint">
        Rooms know you by this key, not by your nickname. There is no account behind it.
      </p>
      <p className="identity-key reading" data-testid="identity-key">
        <span className="visually-hidden">Your public key: </span>
        {codeGroups(identity.publicKey, KEY_GROUP_LENGTH).join(' ')}
      </p>
      <p className="identity-storage" data-testid="identity-storage" data-storage={identity.storage}>
        <Icon name="key" size={16} />
        <span>{storageSentence(identity.storage)}</span>
      </p>
      {identity.problem === '' ? null : (
        <p className="identity-storage identity-problem" role="status" data-testid="identity-problem">
          <Icon name="warning" size={16} />
          <span>{identity.problem}</span>
        </p>
      )}
      <div className="settings-actions">
        <RuledButton
          className="button"
          data-size="small"
          data-testid="identity-export"
          rule=""
          onClick={() => showDialog({ kind: 'exportIdentity' })}
        >
          Export…
        </RuledButton>
        <RuledButton
          className="button"
          data-size="small"
          data-testid="identity-import"
          rule={inRoom ? 'Leave the room first: it knows you by the identity you have now.' : ''}
          onClick={() => showDialog({ kind: 'importIdentity' })}
        >
          Import…
        </RuledButton>
      </div>
    </section>
  );
}
