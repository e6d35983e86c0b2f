import { describe, expect, it } from 'vitest';
import { findProgram, missingPrograms, voicePrograms } from './programs.ts';

describe('missing programs', () => {
  it('are named together with each Debian package once', () => {
    const has = (name: string): boolean => !['parec', 'paplay', 'Xvfb'].includes(name);
    expect(missingPrograms(voicePrograms, has, true)).toBe(
      'missing parec, paplay, Xvfb; on Debian: apt-get install pulseaudio-utils xvfb',
    );
  });

  it('include the ALSA plugin where PulseAudio is needed', () => {
    expect(missingPrograms(['pulseaudio'], () => true, false)).toContain('libasound2-plugins');
    expect(missingPrograms(['espeak-ng'], () => true, false)).toBeNull();
  });

  it('are none when all are there', () => {
    expect(missingPrograms(voicePrograms, () => true, true)).toBeNull();
  });

  it('are looked for along the search path', () => {
    expect(findProgram('sh', '/nowhere:/bin')).toBe('/bin/sh');
    expect(findProgram('sh', '/nowhere')).toBeNull();
  });
});
