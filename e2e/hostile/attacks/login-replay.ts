import type { ClientMessage } from '../../../src/core/wire/control.ts';
import { type Attack, STRANGERS } from '../attack.ts';
import { randomText } from '../chance.ts';
import { Rogue } from '../rogue.ts';

type Login = Extract<ClientMessage, { type: 'login' }>;

const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/**
 * Encodings of points of small order on edwards25519 (the neutral element, the ones of order 2 and 4): under the first
 * a signature can be made up that verifies for every message.
 */
const SMALL_ORDER_KEYS = [
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  '00'.repeat(32),
  `${'00'.repeat(31)}80`,
  `01${'00'.repeat(30)}80`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map((hex) => Buffer.from(hex, 'hex').toString('base64url'));

/** R the neutral element, S zero: verifies under a key of small order, for some or for all messages. */
const EMPTY_SIGNATURE = Buffer.from(`01${'00'.repeat(63)}`, 'hex').toString('base64url');

/** Tries under each key of small order: one of order eight is hit by chance every eighth time. */
const SMALL_ORDER_TRIES = 8;

export const loginReplay: Attack = {
  name: 'replayed and made-up logins',
  expectation: 'badSignature, and the lane is closed',
  async run({ relay, honest, rng }, tally) {
    const { port } = relay;
    const [, , , , , , address] = STRANGERS;
    const [victim] = honest.members;
    if (victim === undefined) throw new Error('there is nobody to play');

    /** Another connection claims an identity and answers the challenge with that. */
    const tryLogin = async (what: string, claim: string, login: (rogue: Rogue) => Login): Promise<void> => {
      const rogue = await Rogue.open(port, address, `Player ${tally.tries}`);
      await rogue.hello({ claim });
      tally.refused(what, await rogue.prove(login(rogue)), 'badSignature');
      await rogue.until('the end of the lane', () => rogue.closed);
      rogue.drop();
    };

    const witness = await Rogue.open(port, address, 'Witness');
    await witness.hello();
    const recorded = witness.loginMessage();
    await witness.prove(recorded);
    await tryLogin('a login recorded on another connection', witness.identity.name, () => recorded);
    await tryLogin('a signature for another challenge', witness.identity.name, (rogue) => {
      rogue.nonce = new Uint8Array(KEY_BYTES);
      const { whisperKey } = recorded;
      const statement = rogue.statement(Buffer.from(whisperKey.key, 'base64url'));
      return { ...recorded, signature: witness.identity.sign(statement).toString('base64url') };
    });
    await tryLogin('a whisper key that was exchanged', witness.identity.name, (rogue) => {
      const statement = rogue.statement(Buffer.alloc(KEY_BYTES, 1));
      return { ...recorded, signature: witness.identity.sign(statement).toString('base64url') };
    });
    await tryLogin("another's public key", victim.identity, (rogue) => rogue.loginMessage());
    await tryLogin('a signature of noise', victim.identity, (rogue) => ({
      ...rogue.loginMessage(),
      signature: randomText(rng, SIGNATURE_BYTES),
    }));
    for (const key of SMALL_ORDER_KEYS) {
      for (let n = 0; n < SMALL_ORDER_TRIES; n += 1) {
        await tryLogin(`a key of small order (${key.slice(0, 4)})`, key, (rogue) => ({
          ...rogue.loginMessage(),
          signature: EMPTY_SIGNATURE,
        }));
      }
    }
    witness.leave();
    return undefined;
  },
};
