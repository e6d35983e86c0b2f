import type { IceCandidate } from './ice-candidate.ts';
import { candidatesOf, credentialsOf, type IceCredentials, MAX_CANDIDATES } from './peer-description.ts';
import { attributeOf, readSdp, type SdpFailure } from './session-description.ts';

/** Type of a body with further candidates (RFC 8840, section 9). */
export const FRAGMENT_TYPE = 'application/trickle-ice-sdpfrag';

/** Further candidates of a peer, or new credentials: then it wants to begin anew. */
export interface IceFragment {
  /** Null: it does not say for which. */
  readonly ice: IceCredentials | null;
  readonly candidates: readonly IceCandidate[];
  readonly endOfCandidates: boolean;
}

export type FragmentReading =
  | { readonly ok: true; readonly fragment: IceFragment }
  | { readonly ok: false; readonly reason: SdpFailure };

/** Reads the body of a PATCH (RFC 9725, section 4.3.2; RFC 8840, section 4.4). */
export function readFragment(text: string): FragmentReading {
  const read = readSdp(text, true);
  if (!read.ok) return read;
  const { attributes, sections } = read.session;
  const all = [attributes, ...sections.map((section) => section.attributes)];
  const first = (name: string): string | null =>
    all.map((list) => attributeOf(list, name)).find((value) => value !== null) ?? null;
  return {
    ok: true,
    fragment: {
      ice: credentialsOf(first('ice-ufrag'), first('ice-pwd')),
      candidates: all.flatMap(candidatesOf).slice(0, MAX_CANDIDATES),
      endOfCandidates: first('end-of-candidates') !== null,
    },
  };
}
