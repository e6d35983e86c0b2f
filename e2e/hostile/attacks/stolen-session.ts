import type { Rng } from '../../../src/core/base/rng.ts';
import { type Attack, CounterWatch, STRANGERS, type Tally } from '../attack.ts';
import { randomText } from '../chance.ts';
import { type Refused, type Resume, Rogue, type Welcome } from '../rogue.ts';

const GUESSES = 10;
const SECRET_BYTES = 32;

/** A resume that must lead to a session of the asker's own, and to nobody else's. */
function expectNew(tally: Tally, what: string, answer: Welcome | Refused, wanted: number): void {
  tally.tries += 1;
  if (answer.type === 'refused') {
    tally.count(answer.code);
    return;
  }
  tally.expect(!answer.resumed, `${what}: the session was handed over`);
  tally.expect(answer.token !== wanted, `${what}: the token was handed over`);
}

function resume(token: number, secret: string): Resume {
  return { token, secret, chatSeen: 0 };
}

async function tryVictim(
  port: number,
  token: number,
  identity: string,
  rng: Rng,
  tally: Tally,
): Promise<void> {
  const [, , address] = STRANGERS;
  for (let n = 0; n < GUESSES; n += 1) {
    const guessed = resume(token, randomText(rng, SECRET_BYTES));
    const thief = await Rogue.open(port, address, `Thief ${n}`);
    expectNew(tally, 'a guessed secret', await thief.login({ resume: guessed }), token);
    thief.leave();
    const mask = await Rogue.open(port, address, `Mask ${n}`);
    const answer = await mask.login({ claim: identity, resume: guessed });
    tally.refused("the victim's identity without its key", answer, 'badSignature');
    mask.drop();
  }
}

export const stolenSession: Attack = {
  name: "a member tries to resume another's session",
  expectation: 'badSignature, or a new session of its own: resumesOtherIdentity, resumesWrongSecret',
  async run({ relay, honest, rng }, tally) {
    const { port } = relay;
    const [, , address] = STRANGERS;
    const [victim] = honest.members;
    if (victim === undefined) throw new Error('there is nobody to steal from');
    const watch = await CounterWatch.begin(relay);
    await tryVictim(port, victim.token, victim.identity, rng, tally);

    // The right token and the right secret, but another identity.
    const robbed = await Rogue.enter(port, address, 'Robbed');
    const secret = robbed.welcome?.resumeSecret ?? '';
    const robber = await Rogue.open(port, address, 'Robber');
    expectNew(
      tally,
      'a stolen secret',
      await robber.login({ resume: resume(robbed.token, secret) }),
      robbed.token,
    );
    tally.expect(!robbed.closed, 'the one who was robbed of the secret lost the connection');
    robber.leave();

    // A secret resumes once.
    const { identity, token } = robbed;
    robbed.drop();
    const back = await Rogue.open(port, address, 'Robbed', identity);
    const first = await back.login({ resume: resume(token, secret) });
    tally.expect(first.type === 'welcome' && first.resumed, 'the right secret did not resume');
    // Whoever has said something has the new secret; until then the old one would do once more.
    let heard = false;
    back.onMessage = ({ type }) => {
      heard ||= type === 'pong';
    };
    back.say({ type: 'ping', id: 1 });
    await back.until('a pong', () => heard);
    back.drop();
    const again = await Rogue.open(port, address, 'Robbed', identity);
    expectNew(tally, 'a secret used twice', await again.login({ resume: resume(token, secret) }), token);
    again.leave();

    const grown = await watch.end();
    tally.equal('resumes of another identity', grown('resumesOtherIdentity'), GUESSES + 1);
    tally.equal('resumes with a used secret', grown('resumesWrongSecret'), 1);
    tally.equal('resumes that worked', grown('resumed'), 1);
    tally.count('resumesOtherIdentity', grown('resumesOtherIdentity'));
    tally.count('resumesWrongSecret', grown('resumesWrongSecret'));
    return undefined;
  },
};
