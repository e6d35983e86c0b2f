import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Exit code of a run that could not happen because a program is missing. */
export const EXIT_CANNOT_RUN = 3;

/** Programs of the rig and the Debian packages that bring them. */
const debianPackages: Readonly<Record<string, string>> = {
  pulseaudio: 'pulseaudio',
  pactl: 'pulseaudio-utils',
  parec: 'pulseaudio-utils',
  paplay: 'pulseaudio-utils',
  Xvfb: 'xvfb',
  openbox: 'openbox',
  xmessage: 'x11-utils',
  xdotool: 'xdotool',
  chromium: 'chromium',
  'espeak-ng': 'espeak-ng',
};

/** ALSA's plugin through which PortAudio reaches PulseAudio; a library, so it is looked for by its place. */
const pulsePlugin = {
  name: 'the ALSA plugin for PulseAudio',
  package: 'libasound2-plugins',
  folders: ['x86_64-linux-gnu', 'aarch64-linux-gnu', 'arm-linux-gnueabihf'].map(
    (triple) => `/usr/lib/${triple}`,
  ),
  file: 'alsa-lib/libasound_module_pcm_pulse.so',
};

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** Where a program lies, by the search path, or null. */
export function findProgram(name: string, searchPath: string = process.env.PATH ?? ''): string | null {
  const candidates = searchPath.split(delimiter).map((folder) => join(folder, name));
  return candidates.find(isExecutable) ?? null;
}

/** The browser that drives the window: `$SIDETONE_CHROMIUM`, else Debian's. */
export function chromiumPath(): string | null {
  return process.env.SIDETONE_CHROMIUM ?? findProgram('chromium');
}

/** What is missing, as a sentence that names the Debian packages, or null when everything is there. */
export function missingPrograms(
  names: readonly string[],
  has: (name: string) => boolean = (name) =>
    name === 'chromium' ? isExecutable(chromiumPath() ?? '') : findProgram(name) !== null,
  hasPlugin: boolean = pulsePlugin.folders.some((folder) => isReadable(join(folder, pulsePlugin.file))),
): string | null {
  const missing = names.filter((name) => !has(name));
  const packages = missing.map((name) => debianPackages[name] ?? name);
  if (names.includes('pulseaudio') && !hasPlugin) {
    missing.push(pulsePlugin.name);
    packages.push(pulsePlugin.package);
  }
  if (missing.length === 0) return null;
  const install = [...new Set(packages)].sort().join(' ');
  return `missing ${missing.join(', ')}; on Debian: apt-get install ${install}`;
}

/** Everything the voice test needs. */
export const voicePrograms: readonly string[] = Object.keys(debianPackages);
