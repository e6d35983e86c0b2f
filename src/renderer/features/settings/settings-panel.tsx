import { type ReactElement, useEffect, useRef } from 'react';
import type { AppState } from '../../../contract/dto.ts';
import { showDialog } from '../../state/dialog-store.ts';
import { perform, useProgram } from '../../state/program.ts';
import { showSettings } from '../../state/window-store.ts';
import { Icon } from '../../ui/icons.tsx';
import { RuledButton } from '../../ui/ruled-button.tsx';
import { DevicesPanel } from '../devices/devices-panel.tsx';
import { IdentitySection } from '../identity/identity-section.tsx';
import { Diagnostics } from '../stats/diagnostics.tsx';
import { ActivationChoice } from '../voice/activation-choice.tsx';
import './settings.css';

/** Everything that can be set, beside the view or, in a narrow window, in its place. */
export function SettingsPanel({ app }: { app: AppState }): ReactElement {
  const { api } = useProgram();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <aside
      id="settings"
      className="settings scrolls"
      aria-labelledby="settings-title"
      onKeyDown={(event) => {
        if (event.key === 'Escape') showSettings(false);
      }}
    >
      <div className="settings-head">
        <h2 id="settings-title" tabIndex={-1} ref={heading}>
          Settings
        </h2>
        <button
          type="button"
          className="button"
          data-kind="quiet"
          data-shape="square"
          data-testid="settings-close"
          aria-label="Close the settings"
          title="Close"
          onClick={() => showSettings(false)}
        >
          <Icon name="close" />
        </button>
      </div>
      <section aria-labelledby="settings-voice">
        <h3 id="settings-voice" className="engraved">
          When to send your voice
        </h3>
        <ActivationChoice app={app} />
      </section>
      <section aria-labelledby="settings-sound">
        <div className="settings-caption">
          <h3 id="settings-sound" className="engraved">
            Sound
          </h3>
          <button
            type="button"
            className="button"
            data-kind="quiet"
            data-size="small"
            data-testid="refresh-devices"
            onClick={() => void perform(api.refreshDevices())}
          >
            <Icon name="refresh" size={16} />
            Look for devices
          </button>
        </div>
        <DevicesPanel app={app} />
      </section>
      <IdentitySection app={app} />
      {app.connection.phase === 'connected' ? <ThisRoom ownRules={app.ownRules} /> : null}
      <Diagnostics />
      <p className="settings-version reading">Sidetone {app.version}</p>
    </aside>
  );
}

/** What is set for everybody in the room. */
function ThisRoom({ ownRules }: { ownRules: AppState['ownRules'] }): ReactElement {
  return (
    <section aria-labelledby="settings-room">
      <h3 id="settings-room" className="engraved">
        This room
      </h3>
      <div className="settings-actions">
        <RuledButton
          className="button"
          data-size="small"
          data-testid="settings-roles"
          rule={ownRules.roles}
          onClick={() => showDialog({ kind: 'roles' })}
        >
          Roles…
        </RuledButton>
        <RuledButton
          className="button"
          data-size="small"
          data-testid="settings-bans"
          rule={ownRules.ban}
          onClick={() => showDialog({ kind: 'bans' })}
        >
          Bans…
        </RuledButton>
      </div>
    </section>
  );
}
