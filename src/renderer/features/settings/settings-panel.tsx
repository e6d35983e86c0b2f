import { type ReactElement, useEffect, useRef } from 'react';
import type { AppState } from '../../../contract/dto.ts';
import { showDialog } from '../../state/dialog-store.ts';
import { perform, useProgram } from '../../state/program.ts';
import { type SettingsTab, showSettings, showSettingsTab, useWindow } from '../../state/window-store.ts';
import { Icon } from '../../ui/icons.tsx';
import { RuledButton } from '../../ui/ruled-button.tsx';
import { type Tab, TabList } from '../../ui/tabs.tsx';
import { DevicesPanel } from '../devices/devices-panel.tsx';
import { IdentitySection } from '../identity/identity-section.tsx';
import { ProcessingPanel } from '../processing/processing-panel.tsx';
import { processingMark } from '../processing/processing-words.ts';
import { TalkTimingFields } from '../processing/talk-timing.tsx';
import { TestingPanel } from '../testing/testing-panel.tsx';
import { testingMarks } from '../testing/testing-words.ts';
import { ActivationChoice } from '../voice/activation-choice.tsx';
import './settings.css';

function tabsOf(app: AppState): readonly Tab<SettingsTab>[] {
  return [
    { id: 'sound', label: 'Sound' },
    { id: 'processing', label: 'Processing', mark: processingMark(app.processingProblems) },
    { id: 'identity', label: 'Identity and room' },
    { id: 'testing', label: 'Testing & Debugging', mark: testingMarks(app.testing).join(', ') },
  ];
}

/** Everything that can be set, beside the view or, in a narrow window, in its place. */
export function SettingsPanel({ app }: { app: AppState }): ReactElement {
  const tab = useWindow((state) => state.settingsTab);
  const panel = useRef<HTMLElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.focus();
    return useWindow.subscribe((now, before) => {
      if (now.settingsTab === before.settingsTab) return;
      body.current?.scrollTo(0, 0);
      // Led here from elsewhere: the focus follows. Whoever pressed a tab keeps it there.
      if (panel.current?.contains(document.activeElement) !== true) heading.current?.focus();
    });
  }, []);
  return (
    <aside
      ref={panel}
      id="settings"
      className="settings"
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
      <TabList
        label="Parts of the settings"
        tabs={tabsOf(app)}
        chosen={tab}
        onChoose={showSettingsTab}
        prefix="settings"
      />
      <div
        ref={body}
        className="settings-body scrolls"
        id={`settings-panel-${tab}`}
        role="tabpanel"
        aria-labelledby={`settings-tab-${tab}`}
      >
        <TabContent app={app} tab={tab} />
        <p className="settings-version reading">Sidetone {app.version}</p>
      </div>
    </aside>
  );
}

function TabContent({ app, tab }: { app: AppState; tab: SettingsTab }): ReactElement {
  switch (tab) {
    case 'sound':
      return <SoundTab app={app} />;
    case 'processing':
      return <ProcessingPanel app={app} />;
    case 'identity':
      return (
        <>
          <IdentitySection app={app} />
          {app.connection.phase === 'connected' ? <ThisRoom ownRules={app.ownRules} /> : null}
        </>
      );
    case 'testing':
      return <TestingPanel testing={app.testing} />;
  }
}

function SoundTab({ app }: { app: AppState }): ReactElement {
  const { api } = useProgram();
  return (
    <>
      <section aria-labelledby="settings-voice">
        <h3 id="settings-voice" className="engraved">
          When to send your voice
        </h3>
        <ActivationChoice app={app} />
        <TalkTimingFields app={app} />
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
    </>
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
