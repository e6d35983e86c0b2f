import { stringify } from 'smol-toml';
import { environmentName } from './relay-config.ts';
import { defaultSettings, settingNames, settingTexts } from './settings.ts';

const HEAD = `# Settings of "sidetone relay". A line that begins with # is a comment; what it shows is the default.
# Each setting can be given in the environment instead, where it wins: ${environmentName('room_name')} and so on;
# lists with commas in between.
#
# Changing settings: room_name, max_members and log_level are read again on "systemctl reload" (SIGHUP), the others
# when the relay starts. The dashboard changes the room's name and limit too: whichever was changed last holds.
`;

/** A config file that changes nothing: every setting with its default, in a comment. */
export function commentedConfig(): string {
  const parts = settingNames.map((name) => {
    const { about, example } = settingTexts[name];
    const value = defaultSettings[name];
    const shown = example !== undefined ? `${name} = ${example}` : stringify({ [name]: value }).trimEnd();
    return [...about.map((line) => `# ${line}`), `#${shown}`, ''].join('\n');
  });
  return [HEAD, ...parts].join('\n');
}
