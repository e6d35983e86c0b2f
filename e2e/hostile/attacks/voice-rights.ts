import { setTimeout as sleep } from 'node:timers/promises';
import type { ChannelConfig } from '../../../src/core/wire/channels.ts';
import type { Request } from '../../../src/core/wire/control.ts';
import { FLAG_SEALED, FLAG_WHISPER, WHISPER_LIST_BIT } from '../../../src/core/wire/datagram.ts';
import { ADMIN_ROLE_ID } from '../../../src/core/wire/roles.ts';
import { defaultChannels } from '../../../src/main/relay/room-defaults.ts';
import { type Attack, CounterWatch, LOBBY, STRANGERS, type Stage, type Tally } from '../attack.ts';
import { randomBytes } from '../chance.ts';
import { Rogue, voiceDatagram } from '../rogue.ts';

/** Datagrams of each kind; below the rate that one member may send. */
const EACH = 40;
const PER_SECOND = 140;

/** Nobody has this token. */
const NOBODY = 0x7fff_fff1;
const UNKNOWN_LIST = WHISPER_LIST_BIT + 9;

/** What is sent and what must become of all of it. */
interface Abuse {
  readonly what: string;
  readonly discard: string;
  readonly target: number | null;
}

/** The lobby's config with some things changed. */
export function channelConfig(changes: Partial<ChannelConfig>): ChannelConfig {
  const [lobby] = defaultChannels();
  if (lobby === undefined) throw new Error('a room has a channel');
  return { ...lobby.info.config, ...changes };
}

/** The host makes a channel at the top level. @returns its id */
export async function makeChannel(
  stage: Stage,
  name: string,
  changes: Partial<ChannelConfig>,
  password: string | null = null,
): Promise<number> {
  let id: number | null = null;
  stage.warden.onMessage = (message) => {
    if (message.type === 'channelChanged' && message.channel.name === name) id = message.channel.id;
  };
  const config = channelConfig(changes);
  const answer = await stage.warden.request({ kind: 'createChannel', name, parent: null, config, password });
  await stage.warden.until(`the channel ${name}`, () => id !== null || answer !== 'done');
  if (id === null) throw new Error(`the host could not make the channel ${name}`);
  return id;
}

async function sendAll(rogue: Rogue, stage: Stage, target: number | null): Promise<void> {
  for (let n = 0; n < EACH; n += 1) {
    const flags = FLAG_SEALED | (target === null ? 0 : FLAG_WHISPER);
    const fields = { token: rogue.token, flags, sequence: n, target: target ?? 0 };
    rogue.sendVoice(voiceDatagram(fields, randomBytes(stage.rng, 97)));
    await sleep(1_000 / PER_SECOND);
  }
}

async function abuse(
  stage: Stage,
  tally: Tally,
  rogue: Rogue,
  { what, discard, target }: Abuse,
): Promise<void> {
  const watch = await CounterWatch.begin(stage.relay);
  await sendAll(rogue, stage, target);
  await watch.moves(`discard.${discard}`, EACH);
  const grown = await watch.end();
  tally.tries += EACH;
  tally.count(discard, grown(`discard.${discard}`));
  tally.equal(what, grown(`discard.${discard}`), EACH);
}

export const voiceRights: Attack = {
  name: 'whispers and voice without the right',
  expectation:
    'whisperNotAllowed, unknownList, unknownTarget, whisperToSelf, notAllowed, notInChannel; nobody gets any',
  async run(stage, tally) {
    const { relay, warden } = stage;
    const quiet = await makeChannel(stage, 'Quiet', { whisperRole: ADMIN_ROLE_ID });
    const podium = await makeChannel(stage, 'Podium', { speakRole: ADMIN_ROLE_ID });
    const bystander = await Rogue.enter(relay.port, STRANGERS[0], 'Bystander');
    await bystander.bindVoice();
    tally.equal(
      'the bystander enters',
      (await bystander.request({ kind: 'join', channel: quiet })) === 'done',
      true,
    );
    const rogue = await Rogue.enter(relay.port, STRANGERS[1], 'Whisperer');
    await rogue.bindVoice();
    await sleep(100);
    const heardBefore = bystander.voice.length;
    const tries: Abuse[] = [
      { what: 'whispers where the role forbids them', discard: 'whisperNotAllowed', target: bystander.token },
      { what: 'whispers to a list never registered', discard: 'unknownList', target: UNKNOWN_LIST },
      { what: 'whispers to nobody', discard: 'unknownTarget', target: NOBODY },
      { what: 'whispers to oneself', discard: 'whisperToSelf', target: rogue.token },
    ];
    for (const each of tries) await abuse(stage, tally, rogue, each);
    const list: Request = { kind: 'whisperList', list: UNKNOWN_LIST, targets: [NOBODY] };
    tally.refused('a list with nobody in it', await rogue.request(list), 'unknownMember');

    tally.equal(
      'the rogue enters',
      (await rogue.request({ kind: 'join', channel: podium })) === 'done',
      true,
    );
    const silenced = { what: 'voice without the role to speak', discard: 'notAllowed', target: null };
    await abuse(stage, tally, rogue, silenced);
    rogue.say({ type: 'leave' });
    await abuse(stage, tally, rogue, {
      what: 'voice from no channel',
      discard: 'notInChannel',
      target: null,
    });
    await rogue.request({ kind: 'join', channel: LOBBY });
    const [victim] = stage.honest.members;
    await warden.request({ kind: 'muteForAll', member: rogue.token, muted: true });
    await abuse(stage, tally, rogue, {
      what: 'voice when muted for all',
      discard: 'notAllowed',
      target: null,
    });
    const muted = { what: 'whispers when muted for all', discard: 'notAllowed', target: victim?.token ?? 0 };
    await abuse(stage, tally, rogue, muted);
    // Coming back anew is no way out of it.
    rogue.leave();
    const again = await Rogue.enter(relay.port, STRANGERS[1], 'Whisperer', rogue.identity);
    await again.bindVoice();
    await abuse(stage, tally, again, {
      what: 'voice when muted, come anew',
      discard: 'notAllowed',
      target: null,
    });
    tally.equal('datagrams that reached the bystander', bystander.voice.length - heardBefore, 0);
    again.leave();
    bystander.leave();
    return undefined;
  },
};
