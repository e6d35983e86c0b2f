import type { ClientState, PrivateKeyPackage } from 'ts-mls';

/** Overwrites the secrets of a state that is no more, but those that `kept`, which came out of it, still uses. */
export function wipeState(state: ClientState, kept: ClientState | null): void {
  const inUse = new Set(kept === null ? [] : secretsOf(kept));
  for (const secret of secretsOf(state)) if (!inUse.has(secret)) secret.fill(0);
}

/** Overwrites the private part of a key package, but those of its keys that a state has taken over. */
export function wipePackage(keys: PrivateKeyPackage, kept: ClientState | null): void {
  const inUse = new Set(kept === null ? [] : secretsOf(kept));
  for (const secret of [keys.initPrivateKey, keys.hpkePrivateKey, keys.signaturePrivateKey])
    if (!inUse.has(secret)) secret.fill(0);
}

function secretsOf(state: ClientState): Uint8Array[] {
  return [
    ...Object.values<Uint8Array>({ ...state.keySchedule }),
    ...Object.values(state.privatePath.privateKeys),
    state.signaturePrivateKey,
  ];
}
