import type { SettingsPort, SettingsValues } from './ports.ts';

/** Settings that last as long as a test. */
export class MemorySettings implements SettingsPort {
  current: SettingsValues = {
    nickname: '',
    activation: 'pushToTalk',
    gateThresholdDb: -45,
    pushToTalk: null,
    inputId: '',
    outputId: '',
    inviteAddress: null,
    whisperLists: [],
    replyKey: null,
    processing: {
      highPass: true,
      echoCancellation: true,
      noiseSuppression: 'light',
      gainControl: true,
      limiter: true,
    },
    talkTiming: { releaseDelayMs: 100, preRollMs: 60 },
    audioBuffers: {},
  };

  update(change: Partial<SettingsValues>): void {
    this.current = { ...this.current, ...change };
  }
}
