import type { AppState, DeviceStatus } from '../../../contract/dto.ts';

/** Whose status is told. */
export type DeviceKind = 'microphone' | 'speaker';

const states: Record<DeviceStatus, Record<DeviceKind, string>> = {
  starting: { microphone: 'Opening the microphone…', speaker: 'Opening the speaker…' },
  running: { microphone: 'Working', speaker: 'Working' },
  lost: {
    microphone: 'The microphone is gone. It is picked up again when it comes back.',
    speaker: 'The speaker is gone. It is picked up again when it comes back.',
  },
  failed: {
    microphone: 'This microphone cannot be opened.',
    speaker: 'This speaker cannot be opened.',
  },
  absent: { microphone: 'There is no microphone.', speaker: 'There is no speaker.' },
};

/** A device's status in whole words, with the reason where one was given. */
export function deviceSentence(kind: DeviceKind, status: DeviceStatus, reason: string): string {
  const sentence = states[status][kind];
  return reason === '' || status === 'running' ? sentence : `${sentence} ${reason}`;
}

/** What to say where sound cannot flow at all; empty where it can. */
export function soundHardwareSentence(backend: AppState['audioBackend']): string {
  if (backend !== 'null') return '';
  return 'No sound hardware was found on this computer. You can join and host rooms, but you will hear nothing and nobody will hear you.';
}
