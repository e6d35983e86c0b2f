/** Why the gateways could not begin, for people. */
export function portSentence(
  error: unknown,
  { webPort, rtspPort }: { readonly webPort: number; readonly rtspPort: number | null },
): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const taken = error instanceof Error && 'port' in error ? Number(error.port) : webPort;
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${taken} is taken on this machine. Listening needs the ports ${portsOf(webPort, rtspPort)}: choose others in the settings.`;
    case 'EACCES':
      return `This machine does not let you use port ${taken}. Choose one above 1023.`;
    case 'EADDRNOTAVAIL':
      return 'The address that listeners are to reach is none of this machine.';
    default:
      return `Listening could not be opened: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function portsOf(webPort: number, rtspPort: number | null): string {
  return rtspPort === null ? String(webPort) : `${webPort} and ${rtspPort}`;
}

/** The port that could not be had because another program has it; null: something else went wrong. */
export function takenPort(error: unknown): number | null {
  if (!(error instanceof Error && 'code' in error && 'port' in error)) return null;
  return error.code === 'EADDRINUSE' ? Number(error.port) : null;
}
