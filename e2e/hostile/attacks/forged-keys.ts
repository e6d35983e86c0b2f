import { setTimeout as sleep } from 'node:timers/promises';
import { MAX_BAD_MESSAGES } from '../../../src/core/relay/lanes.ts';
import type { ClientMessage } from '../../../src/core/wire/control.ts';
import { MAX_KEY_PACKAGE_BYTES } from '../../../src/core/wire/key-delivery.ts';
import { type Attack, CounterWatch, LOBBY, STRANGERS, type Stage, type Tally } from '../attack.ts';
import { randomText, whole } from '../chance.ts';
import { Insider } from '../insider.ts';
import { Rogue } from '../rogue.ts';

type CommitMessage = Extract<ClientMessage, { type: 'commit' }>;

const TRIES = 10;

/** Key messages sent at once by the one who floods. */
const FLOOD = 2_000;

/** Longest time, in ms, until a newcomer hears all and is heard by all while keys are attacked. */
const MAX_NEWCOMER_MS = 8_000;

/** Comings that a bad committer is given to be asked: committers take turns. */
const MAX_COMINGS = 8;

/** No channel has this number. */
const NOWHERE = 77;

function forgedCommit(stage: Stage, channel: number, welcomeOnly = false): CommitMessage {
  const { rng } = stage;
  return {
    type: 'commit',
    state: { channel, generation: whole(rng, 2 ** 32), epoch: whole(rng, 1_000) },
    commit: welcomeOnly ? null : randomText(rng, 400),
    welcome: randomText(rng, 600),
    skipped: [],
  };
}

/** An honest newcomer comes, hears and is heard, and goes. @returns ms until then */
export async function comeAndGo(stage: Stage, tally: Tally, nickname: string): Promise<number> {
  const { hearsAllMs, sentence } = await stage.honest.newcomer(nickname, MAX_NEWCOMER_MS);
  await stage.honest.farewell(nickname);
  tally.expect(
    hearsAllMs !== null,
    `${nickname} did not hear all within ${MAX_NEWCOMER_MS} ms${sentence === '' ? '' : `: ${sentence}`}`,
  );
  return hearsAllMs ?? Number.NaN;
}

function refusalsOf(rogue: Rogue, code: string): number {
  return rogue.refusals.filter((refusal) => refusal.code === code).length;
}

/** Says what nobody asked for. */
async function forge(stage: Stage, tally: Tally): Promise<void> {
  const forger = await Rogue.enter(stage.relay.port, STRANGERS[3], 'Forger');
  for (let n = 0; n < TRIES; n += 1) {
    forger.say(forgedCommit(stage, LOBBY));
    forger.say(forgedCommit(stage, LOBBY, true));
    forger.say(forgedCommit(stage, NOWHERE));
    forger.say({ type: 'keyPackage', channel: NOWHERE, package: randomText(stage.rng, 300) });
  }
  await forger.until('refusals', () => forger.refusals.length >= 4 * TRIES);
  tally.tries += 4 * TRIES;
  for (const code of ['staleCommit', 'keyRejected']) {
    tally.count(code, refusalsOf(forger, code));
    tally.equal(`forged key messages: ${code}`, refusalsOf(forger, code), 2 * TRIES);
  }
  for (let n = 0; n < MAX_BAD_MESSAGES; n += 1) {
    const package_ = 'A'.repeat(2 * MAX_KEY_PACKAGE_BYTES);
    forger.say({ type: 'keyPackage', channel: LOBBY, package: package_ });
  }
  await forger.until('the end of the lane', () => forger.closed);
  tally.tries += MAX_BAD_MESSAGES;
  tally.count('badMessage', refusalsOf(forger, 'badMessage'));
  tally.equal('oversize key packages', refusalsOf(forger, 'badMessage'), MAX_BAD_MESSAGES);
  forger.drop();
}

/** Offers what is somebody else's key package, and what is none. */
async function impersonate(stage: Stage, tally: Tally): Promise<void> {
  const owner = new Insider('Owner of a package');
  let stolen = '';
  owner.onOutgoing = (text) => {
    if (text.includes('"keyPackage"')) stolen = text;
    return text;
  };
  await owner.join(stage.relay);
  const watch = await CounterWatch.begin(stage.relay);
  const thief = await Rogue.enter(stage.relay.port, STRANGERS[4], 'Thief of a package');
  thief.sayText(stolen);
  await watch.moves('keys.packagesSkipped', 1);
  thief.say({ type: 'keyPackage', channel: LOBBY, package: randomText(stage.rng, 300) });
  await watch.moves('keys.packagesSkipped', 2);
  const grown = await watch.end();
  tally.tries += 2;
  tally.count('packagesSkipped', grown('keys.packagesSkipped'));
  tally.equal("key packages in another's name, and of noise", grown('keys.packagesSkipped'), 2);
  thief.leave();
  owner.member.leave();
}

export const forgedKeys: Attack = {
  name: 'forged key messages',
  expectation:
    'staleCommit, keyRejected, badMessage, or skipped by the committer; a newcomer hears all in seconds',
  async run(stage, tally) {
    await forge(stage, tally);
    await impersonate(stage, tally);
    tally.figures['newcomerHearsAllMs'] = await comeAndGo(stage, tally, 'Newcomer after forgeries');
    return undefined;
  },
};

export const keyFlood: Attack = {
  name: 'key messages at full speed',
  expectation: 'all but a burst are dropped and counted; a newcomer hears all in seconds meanwhile',
  async run(stage, tally) {
    const { rng, relay } = stage;
    const watch = await CounterWatch.begin(relay);
    const flooder = await Rogue.enter(relay.port, STRANGERS[3], 'Flooder of keys');
    for (let n = 0; n < FLOOD; n += 1)
      flooder.say({ type: 'keyPackage', channel: LOBBY, package: randomText(rng, 300) });
    tally.figures['newcomerHearsAllMs'] = await comeAndGo(stage, tally, 'Newcomer in a flood');
    await watch.moves('messages', FLOOD);
    const grown = await watch.end();
    tally.tries = FLOOD;
    tally.expect(!flooder.closed, 'the one who floods was hung up on: a storm of comings looks the same');
    const kinds = ['reactionsTooMany', 'keys.packagesHopeless', 'keys.packagesSkipped'];
    for (const kind of kinds) tally.count(kind, grown(kind));
    tally.expect(
      grown('reactionsTooMany') > FLOOD / 2,
      `of ${FLOOD} key messages ${grown('messages')} were read, and ${grown('reactionsTooMany')} dropped`,
    );
    flooder.leave();
    return undefined;
  },
};

/** Lets newcomers come until the bad committer was asked, and one more after it has failed. */
async function letComeUntilAsked(stage: Stage, tally: Tally, asked: () => number): Promise<void> {
  const times: number[] = [];
  for (let n = 0; n < MAX_COMINGS && asked() === 0; n += 1)
    times.push(await comeAndGo(stage, tally, `Newcomer ${n + 1}`));
  times.push(await comeAndGo(stage, tally, 'Last newcomer'));
  tally.tries += asked();
  tally.expect(asked() > 0, 'the bad committer was never asked to commit');
  tally.figures['newcomerHearsAllMs'] = Math.max(...times);
}

export const silentCommitter: Attack = {
  name: 'a committer that stays silent',
  expectation: 'commitsTimedOut, and another is asked: a newcomer hears all in seconds',
  async run(stage, tally) {
    const watch = await CounterWatch.begin(stage.relay);
    const silent = new Insider('Silent');
    await silent.join(stage.relay);
    let swallowed = 0;
    silent.onOutgoing = (text) => {
      if (!text.startsWith('{"type":"commit"')) return text;
      swallowed += 1;
      return null;
    };
    await letComeUntilAsked(stage, tally, () => swallowed);
    const grown = await watch.end();
    tally.count('commitsTimedOut', grown('keys.commitsTimedOut'));
    tally.expect(grown('keys.commitsTimedOut') > 0, 'no commit timed out');
    silent.member.leave();
    return undefined;
  },
};

export const senselessCommitter: Attack = {
  name: 'a committer that answers what makes no sense',
  expectation: 'keyRejected, and another is asked: a newcomer hears all in seconds',
  async run(stage, tally) {
    const watch = await CounterWatch.begin(stage.relay);
    const fool = new Insider('Senseless');
    await fool.join(stage.relay);
    let sent = 0;
    fool.onOutgoing = (text) => {
      if (!text.startsWith('{"type":"commit"')) return text;
      sent += 1;
      // A welcome to an epoch that no commit leads to.
      return JSON.stringify({ ...JSON.parse(text), commit: null, welcome: randomText(stage.rng, 600) });
    };
    await letComeUntilAsked(stage, tally, () => sent);
    const grown = await watch.end();
    tally.count('keyRejected', grown('keys.commitsSenseless'));
    tally.expect(grown('keys.commitsSenseless') > 0, 'no commit was refused');
    fool.member.leave();
    return undefined;
  },
};

/** How long everybody may be without keys, in ms, after a member sent rubbish in place of a commit. */
const MAX_OUTAGE_MS = 5_000;

export const rubbishCommitter: Attack = {
  name: 'a committer that answers rubbish in the right shape',
  expectation: 'the relay is blind to it: the members drop out of step, and are in step again within seconds',
  mayDisturb: true,
  async run(stage, tally) {
    const watch = await CounterWatch.begin(stage.relay);
    const garbler = new Insider('Garbler');
    await garbler.join(stage.relay);
    let sent = 0;
    garbler.onOutgoing = (text) => {
      if (!text.startsWith('{"type":"commit"')) return text;
      sent += 1;
      const { commit, welcome, ...rest } = JSON.parse(text) as CommitMessage;
      const rubbish = (good: string | null): string | null =>
        good === null ? null : randomText(stage.rng, Math.floor((good.length * 3) / 4));
      return JSON.stringify({ ...rest, commit: rubbish(commit), welcome: rubbish(welcome) });
    };
    await letComeUntilAsked(stage, tally, () => sent);
    garbler.member.leave();
    await sleep(1_000);
    const grown = await watch.end();
    tally.count('rubbish commits', sent);
    tally.figures['resets'] = grown('keys.resets');
    tally.figures['commitsAccepted'] = grown('keys.commitsAccepted');
    return (report) => {
      tally.figures['outageMs'] = Math.round(report.longestGapMs);
      tally.expect(
        report.longestGapMs <= MAX_OUTAGE_MS,
        `somebody was not heard for ${Math.round(report.longestGapMs)} ms`,
      );
    };
  },
};
