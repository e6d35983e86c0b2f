import type { ReactElement } from 'react';
import type { AppState, DeviceStatus } from '../../../contract/dto.ts';
import { perform, useProgram } from '../../state/program.ts';
import { SelectField, SwitchField } from '../../ui/field.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Range } from '../../ui/range.tsx';
import { deviceSentence, soundHardwareSentence } from './device-sentence.ts';
import { MeterBar } from './meter-bar.tsx';
import { decibelText, METER_FLOOR_DB } from './meter-scale.ts';
import './devices.css';

const tones: Record<DeviceStatus, string> = {
  starting: 'live',
  running: 'good',
  lost: 'bad',
  failed: 'bad',
  absent: 'off',
};

/** Which microphone and which speaker, how loud they are, and a way to hear oneself. */
export function DevicesPanel({ app }: { app: AppState }): ReactElement {
  const { api } = useProgram();
  const noHardware = soundHardwareSentence(app.audioBackend);
  return (
    <div className="devices">
      {noHardware === '' ? null : (
        <p className="devices-none" data-testid="no-sound-hardware">
          <Icon name="info" />
          <span>{noHardware}</span>
        </p>
      )}
      <DeviceChoice app={app} side="input" />
      <div>
        <div className="devices-caption">
          <span className="field-label">Voice activity opens above</span>
          <span className="reading">{decibelText(app.gateThresholdDb)}</span>
        </div>
        <MeterBar side="input" label="Microphone level" testId="input-meter">
          <Range
            label="Voice activity threshold"
            className="threshold"
            min={METER_FLOOR_DB}
            max={0}
            step={1}
            value={app.gateThresholdDb}
            valueText={decibelText}
            onChange={(thresholdDb) => void perform(api.setGateThreshold({ thresholdDb }))}
            testId="threshold"
          />
        </MeterBar>
      </div>
      <DeviceChoice app={app} side="output" />
      <MeterBar side="output" label="Speaker level" testId="output-meter" />
      <SwitchField
        label="Hear yourself"
        hint="Plays your microphone back to you, to nobody else"
        on={app.hearYourself}
        onChange={(on) => void perform(api.setHearYourself({ on }))}
        testId="hear-yourself"
      />
    </div>
  );
}

function DeviceChoice({ app, side }: { app: AppState; side: 'input' | 'output' }): ReactElement {
  const { api } = useProgram();
  const state = app[side];
  const kind = side === 'input' ? 'microphone' : 'speaker';
  const known = state.devices.some((device) => device.id === state.selectedId);
  const choices = [
    { value: '', label: side === 'input' ? 'Default microphone' : 'Default speaker' },
    // A chosen device that is unplugged stays chosen, and stays on the list, until somebody chooses another.
    ...(known || state.selectedId === ''
      ? []
      : [{ value: state.selectedId, label: 'The one chosen before' }]),
    ...state.devices.map((device) => ({ value: device.id, label: device.name })),
  ];
  return (
    <div className="device">
      <SelectField
        label={side === 'input' ? 'Microphone' : 'Speaker'}
        value={state.selectedId}
        choices={choices}
        onChange={(id) => void perform(api.selectDevice({ side, id }))}
        testId={`${side}-device`}
        describedBy={`${side}-device-status`}
      />
      <p
        id={`${side}-device-status`}
        className="device-status"
        role="status"
        data-testid={`${side}-status`}
        data-status={state.status}
      >
        <span className="lamp" data-tone={tones[state.status]} />
        <span>{deviceSentence(kind, state.status, state.reason)}</span>
      </p>
    </div>
  );
}
