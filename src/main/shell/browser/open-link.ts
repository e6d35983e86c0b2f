import { spawn } from 'node:child_process';

/** The system's own way to open an address, and what goes before the address. */
function opener(platform: NodeJS.Platform): readonly [command: string, ...args: string[]] {
  switch (platform) {
    case 'win32':
      // Not `start`, which is a word of the command shell and would read what an address contains.
      return ['rundll32', 'url.dll,FileProtocolHandler'];
    case 'darwin':
      return ['open'];
    default:
      return ['xdg-open'];
  }
}

/** Opens a web address in the person's browser. Where the system has none to open, nothing happens. */
export function openLink(url: string): void {
  const [command, ...args] = opener(process.platform);
  const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true });
  child.once('error', () => undefined);
  child.unref();
}
