import { describe, expect, it } from 'vitest';
import { MemorySettings } from './memory-settings.ts';
import { Transmission, type TransmissionOptions } from './transmission.ts';

/** Records the last value each order set. */
function fakeVoice(): { voice: TransmissionOptions['voice']; heard: Record<string, unknown> } {
  const heard: Record<string, unknown> = {};
  const note =
    (name: string) =>
    (...values: unknown[]): void => {
      heard[name] = values.length === 1 ? values[0] : values;
    };
  const voice = {
    setActivation: note('activation'),
    setPushToTalk: note('held'),
    setMuted: note('muted'),
    setSelfTest: note('selfTest'),
    setDeafened: note('deafened'),
  };
  return { voice, heard };
}

function setUp() {
  const { voice, heard } = fakeVoice();
  const settings = new MemorySettings();
  const transmission = new Transmission({ voice, settings, onDidChange: () => undefined });
  return { transmission, heard, settings };
}

describe('Transmission', () => {
  it('keeps the microphone open until key and button are both released', () => {
    const { transmission, heard } = setUp();
    transmission.handleKey(true);
    transmission.setButton(true);
    transmission.handleKey(false);
    expect(heard.held).toBe(true);
    transmission.setButton(false);
    expect(heard.held).toBe(false);
  });

  it('mutes whoever deafens, and hears again whoever unmutes', () => {
    const { transmission, heard } = setUp();
    transmission.setDeafened(true);
    expect(heard).toMatchObject({ muted: true, deafened: true });
    transmission.setMuted(false);
    expect(heard).toMatchObject({ muted: false, deafened: false });
    expect(transmission.deafened).toBe(false);
  });

  it('unmutes whoever ends being deaf', () => {
    const { transmission, heard } = setUp();
    transmission.setDeafened(true);
    transmission.setDeafened(false);
    expect(heard).toMatchObject({ muted: false, deafened: false });
  });

  it('keeps mode and threshold in the settings and tells the encoder', () => {
    const { transmission, heard, settings } = setUp();
    transmission.setActivation('voiceActivity');
    transmission.setThreshold(-30);
    expect(settings.current).toMatchObject({ activation: 'voiceActivity', gateThresholdDb: -30 });
    expect(heard.activation).toEqual(['voiceActivity', -30]);
  });
});
