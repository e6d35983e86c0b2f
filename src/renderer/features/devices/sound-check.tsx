import type { ReactElement } from 'react';
import type { AppState } from '../../../contract/dto.ts';
import { showSettings, useWindow } from '../../state/window-store.ts';
import { Icon } from '../../ui/icons.tsx';
import { deviceSentence, soundHardwareSentence } from './device-sentence.ts';
import { MeterBar } from './meter-bar.tsx';

/** Before joining: is my microphone alive? With a way to the settings where it is not. */
export function SoundCheck({ app }: { app: AppState }): ReactElement {
  const settingsOpen = useWindow((state) => state.settingsOpen);
  const noHardware = soundHardwareSentence(app.audioBackend);
  const chosen = app.input.devices.find((device) => device.id === app.input.selectedId);
  const trouble = app.input.status === 'running' || app.input.status === 'starting' ? '' : app.input.reason;
  return (
    <section className="sound-check" aria-label="Sound check">
      <p className="sound-check-device">
        <Icon name={app.input.status === 'running' ? 'microphone' : 'microphoneOff'} />
        <span className="sound-check-name" title={chosen?.name}>
          {noHardware === '' ? (chosen?.name ?? 'Default microphone') : 'Sound check'}
        </span>
      </p>
      <button
        type="button"
        className="button"
        data-size="small"
        aria-expanded={settingsOpen}
        aria-controls="settings"
        onClick={() => showSettings(true)}
      >
        Sound settings
      </button>
      {noHardware !== '' || app.input.status !== 'running' ? (
        <p className="sound-check-trouble">
          {noHardware === '' ? deviceSentence('microphone', app.input.status, trouble) : noHardware}
        </p>
      ) : (
        <MeterBar side="input" label="Microphone level" compact />
      )}
    </section>
  );
}
