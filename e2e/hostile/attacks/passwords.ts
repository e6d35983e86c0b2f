import { setTimeout as sleep } from 'node:timers/promises';
import { MAX_PASSWORD_TRIES } from '../../../src/core/relay/guess-limit.ts';
import { type Attack, CounterWatch, LOBBY, STRANGERS, type Stage, type Tally } from '../attack.ts';
import { randomText } from '../chance.ts';
import { Rogue } from '../rogue.ts';
import { channelConfig, makeChannel } from './voice-rights.ts';

/** Guesses of each who guesses, at the highest rate a lane carries in the long run, with its burst. */
const GUESSES = 20;

/** Guessers at the door of the room, one connection for each guess. */
const DOOR_GUESSES = 40;

const SECRET = 'correct horse battery staple';

const MAX_NEWCOMER_MS = 10_000;

/** What a guess may be answered with: wrong, wait, or too much to do. */
function judgeGuess(tally: Tally, answer: Awaited<ReturnType<Rogue['request']>> | { type: 'welcome' }): void {
  tally.tries += 1;
  if (answer === 'done' || answer.type === 'welcome') {
    tally.failures.push('a guess was right');
    return;
  }
  const { code, rule } = answer;
  tally.expect(code === 'wrongPassword' || code === 'busy', `a guess: ${code}`);
  tally.count(code === 'busy' ? code : (rule?.kind ?? code));
}

async function guessChannel(stage: Stage, tally: Tally, channel: number): Promise<void> {
  await Promise.all(
    STRANGERS.map(async (address, at) => {
      const rogue = await Rogue.enter(stage.relay.port, address, `Guesser ${at}`);
      for (let n = 0; n < GUESSES; n += 1) {
        const password = randomText(stage.rng, 9);
        judgeGuess(tally, await rogue.request({ kind: 'join', channel, password }));
      }
      rogue.leave();
    }),
  );
}

async function guessRoom(stage: Stage, tally: Tally): Promise<void> {
  for (let n = 0; n < DOOR_GUESSES; n += STRANGERS.length) {
    await Promise.all(
      STRANGERS.map(async (address, at) => {
        const rogue = await Rogue.open(stage.relay.port, address, `Burglar ${n + at}`);
        judgeGuess(tally, await rogue.login({ password: randomText(stage.rng, 9) }));
        rogue.drop();
      }),
    );
  }
}

export const passwordGuessing: Attack = {
  name: 'password guessing against a locked channel and a locked room',
  expectation:
    'wrongPassword, then wrongPassword with a wait, or busy; who knows the password gets in; voice goes on',
  async run(stage, tally) {
    const { honest, relay, warden } = stage;
    const locked = await makeChannel(stage, 'Vault', {}, SECRET);
    const watch = await CounterWatch.begin(relay);
    const startMs = performance.now();
    await guessChannel(stage, tally, locked);

    const lock = async (password: string | null): Promise<void> => {
      const config = channelConfig({});
      const change = { kind: 'changeChannel', channel: LOBBY, name: 'Lobby', config, password } as const;
      tally.equal('the host changes the lock', (await warden.request(change)) === 'done', true);
    };
    await lock(SECRET);
    const guessing = guessRoom(stage, tally);
    await sleep(100);
    const newcomer = await honest.newcomer('Invited', MAX_NEWCOMER_MS, { password: SECRET });
    await guessing;
    await honest.farewell('Invited');
    await lock(null);

    const seconds = (performance.now() - startMs) / 1_000;
    const grown = await watch.end();
    tally.figures['guessesPerSecond'] = tally.tries / seconds;
    tally.figures['guessesHashed'] = grown('passwordsWrong') + grown('passwordsForgotten');
    tally.figures['invitedInAfterMs'] = newcomer.joinedMs ?? 'never';
    tally.figures['invitedTries'] = newcomer.tries;
    tally.expect(newcomer.joinedMs !== null, `who knew the password was not let in: ${newcomer.sentence}`);
    // Each address may try so often, however many identities it has, and however many doors there are.
    const most = MAX_PASSWORD_TRIES * STRANGERS.length;
    tally.expect(
      grown('passwordsWrong') + grown('passwordsForgotten') <= most,
      `${grown('passwordsWrong')} guesses were compared, more than ${most}`,
    );
    return undefined;
  },
};
