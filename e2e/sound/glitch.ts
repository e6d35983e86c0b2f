/**
 * `click`: the waveform breaks (a cut, a step, a jump of phase). `dropout`: nothing is heard where something was said.
 * `repeat`: a piece is heard twice, and where it begins again the waveform breaks, be it a little.
 */
export type GlitchKind = 'click' | 'dropout' | 'repeat';

/** One place where a recording has something that its reference has not. */
export type Glitch = {
  readonly kind: GlitchKind;
  /** In the recording. */
  readonly atSample: number;
  /** click: times the prediction error around it; dropout: length in ms; repeat: lag in ms. */
  readonly strength: number;
};
