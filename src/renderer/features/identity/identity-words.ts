import type { OwnIdentity } from '../../../contract/dto.ts';

/** Shortest passphrase that protects an exported identity, in characters. */
export const MIN_PASSPHRASE_LENGTH = 8;

/** Where the key is kept, in a sentence. */
export function storageSentence(storage: OwnIdentity['storage']): string {
  return storage === 'system'
    ? 'Kept in the key store of your system.'
    : 'Kept in a file that only your account on this computer may read.';
}

/** What is wrong with a passphrase that was typed twice; empty: nothing. */
export function passphraseProblem(first: string, second: string): string {
  if ([...first].length < MIN_PASSPHRASE_LENGTH) {
    return `A passphrase has at least ${MIN_PASSPHRASE_LENGTH} characters.`;
  }
  return first === second ? '' : 'The two passphrases are not the same.';
}
