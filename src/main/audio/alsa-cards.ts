import { readdirSync } from 'node:fs';

/**
 * Whether the Linux kernel knows a sound card. Without one and without a sound server, PortAudio and cpal still
 * list ALSA's plug-ins ("null", "jack", "speex"…) as devices, which cannot be opened. True on other systems.
 */
export function mayHaveSoundCard(): boolean {
  if (process.platform !== 'linux') return true;
  try {
    return readdirSync('/proc/asound').some((name) => /^card\d+$/.test(name));
  } catch {
    return false;
  }
}
