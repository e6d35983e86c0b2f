/** How much of the noise is taken out. `strong` takes out more, and keeps less of the voice's colour. */
export type NoiseSuppression = 'off' | 'light' | 'strong';

/** Which stages of the microphone's processing are to run. All of them can be changed while talking. */
export interface ProcessingSettings {
  readonly highPass: boolean;
  readonly echoCancellation: boolean;
  readonly noiseSuppression: NoiseSuppression;
  readonly gainControl: boolean;
  readonly limiter: boolean;
}

/** What suits a voice in a room. Music wants everything off but the limiter. */
export const DEFAULT_PROCESSING: ProcessingSettings = {
  highPass: true,
  echoCancellation: true,
  noiseSuppression: 'light',
  gainControl: true,
  limiter: true,
};
