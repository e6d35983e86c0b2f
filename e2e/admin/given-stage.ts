import { joinAs } from './relay-stage.ts';
import type { Stage } from './stage.ts';

/** A relay that somebody else has started. */
export interface GivenRelay {
  readonly base: string;
  readonly code: string;
  /** Where members come in: `port:sha256` of the certificate. */
  readonly door: string;
}

/** Walks a relay that runs already. It has no account yet, and is neither broken off nor ended. */
export function openGivenStage({ base, code, door }: GivenRelay): Stage {
  const [port, certificateSha256 = ''] = door.split(':');
  return {
    name: 'relay',
    base: base.replace(/\/+$/, ''),
    code,
    fake: null,
    join: async (nickname) => {
      const guest = await joinAs(nickname, { port: Number(port), certificateSha256 });
      return { leave: () => guest.leave() };
    },
    breakOff: null,
    mend: async () => undefined,
    close: async () => undefined,
  };
}
