import type { ChatTarget } from '../../src/contract/chat.ts';
import type { Outcome, SidetoneApi } from '../../src/contract/ipc.ts';
import type { WhisperTarget } from '../../src/contract/room.ts';
import { waitFor } from '../rig/child.ts';
import type { Player } from '../rig/player.ts';
import { type Journey, NICKNAME_A, NICKNAME_B, type Scene } from './journeys.ts';
import { expectHeard, expectSilence } from './listening.ts';
import type { Person } from './stage.ts';

const MAX_WAIT_MS = 5_000;

type Api = { readonly sidetone: SidetoneApi };

function must(outcome: Outcome): void {
  if (!outcome.ok) throw new Error(outcome.sentence);
}

async function memberOf({ window }: Person, nickname: string) {
  const { members } = await window.state();
  const member = members.find((candidate) => candidate.nickname === nickname);
  if (member === undefined) throw new Error(`${nickname} is not shown`);
  return member;
}

async function groupCodeOf({ window }: Person): Promise<string> {
  return waitFor('keys', MAX_WAIT_MS, async () => {
    const { connection } = await window.state();
    if (connection.phase !== 'connected') return null;
    const { state, groupCode, strangers } = connection.sealing;
    return state === 'sealed' && strangers === 0 ? groupCode : null;
  });
}

const codes: Journey = {
  name: 'both see the same codes, and a verified person stays verified',
  run: async ({ a, b, invite }) => {
    const [atA, atB] = [await groupCodeOf(a), await groupCodeOf(b)];
    if (atA === '' || atA !== atB) throw new Error(`group codes differ: ${atA} and ${atB}`);
    const b1 = await memberOf(a, NICKNAME_B);
    const a1 = await memberOf(b, NICKNAME_A);
    if (b1.safetyCode === '' || b1.safetyCode !== a1.safetyCode) throw new Error('safety codes differ');
    must(
      await a.window.page.evaluate(
        (identity) => (globalThis as unknown as Api).sidetone.setVerified({ identity, verified: true }),
        b1.identity,
      ),
    );
    await b.window.leave();
    await a.window.waitForMembers([NICKNAME_A]);
    await b.window.join(NICKNAME_B, invite);
    await b.window.waitForVoice();
    await a.window.waitForMembers([NICKNAME_A, NICKNAME_B]);
    const again = await memberOf(a, NICKNAME_B);
    if (!again.verified || again.identity !== b1.identity) throw new Error('the mark is gone');
    const keyed = await waitFor('both to hold keys again', MAX_WAIT_MS, async () =>
      (await memberOf(a, NICKNAME_B)).keys === 'sealed' ? true : null,
    );
    return { digits: b1.safetyCode.replace(/\D/g, '').length, keyed };
  },
};

async function write({ window }: Person, target: ChatTarget, text: string): Promise<void> {
  must(
    await window.page.evaluate((message) => (globalThis as unknown as Api).sidetone.sendChat(message), {
      target,
      text,
    }),
  );
}

async function expectChat({ window }: Person, text: string): Promise<void> {
  await waitFor(`"${text}" in the chat`, MAX_WAIT_MS, async () => {
    const conversations = await window.page.evaluate(() =>
      (globalThis as unknown as Api).sidetone.getConversations(),
    );
    const found = conversations.flatMap(({ entries }) => entries).filter((entry) => entry.text === text);
    return found.length === 1 && found[0]?.state === 'delivered' ? true : null;
  });
}

const chat: Journey = {
  name: 'chat goes to the channel and to one person, once',
  run: async ({ a, b }) => {
    const { connection } = await a.window.state();
    if (connection.phase !== 'connected' || connection.channel === null)
      throw new Error('A is in no channel');
    await write(a, { kind: 'channel', channel: connection.channel }, 'Can you hear me?');
    await write(b, { kind: 'member', identity: (await memberOf(b, NICKNAME_A)).identity }, 'Loud and clear.');
    for (const person of [a, b]) {
      await expectChat(person, 'Can you hear me?');
      await expectChat(person, 'Loud and clear.');
    }
    return {};
  },
};

async function holdWhisper({ window }: Person, target: WhisperTarget, down: boolean): Promise<void> {
  must(
    await window.page.evaluate((button) => (globalThis as unknown as Api).sidetone.setWhisperButton(button), {
      target,
      down,
    }),
  );
}

const whisper: Journey = {
  name: 'a whisper is heard and shown, and ends with the key',
  run: async ({ stage, a, b, speechPath }: Scene) => {
    const target: WhisperTarget = { kind: 'member', token: (await memberOf(a, NICKNAME_B)).token };
    const player: Player = await stage.say(speechPath);
    try {
      await holdWhisper(a, target, true);
      await expectHeard(stage);
      await waitFor('the whisper to be shown', MAX_WAIT_MS, async () =>
        (await memberOf(b, NICKNAME_A)).whispering ? true : null,
      );
      const { whispers } = await a.window.state();
      if (whispers.activeTo !== NICKNAME_B) throw new Error('A is not told who hears');
      await holdWhisper(a, target, false);
      const loudest20MsDbfs = await expectSilence(stage);
      return { loudest20MsDbfs, lastFrom: (await b.window.state()).whispers.lastFrom };
    } finally {
      await player.stop();
    }
  },
};

const rules: Journey = {
  name: 'a member is told which rule says no',
  run: async ({ a, b }) => {
    const outcome = await b.window.page.evaluate(
      (member) => (globalThis as unknown as Api).sidetone.kickMember({ token: member, reason: '' }),
      (await memberOf(b, NICKNAME_A)).token,
    );
    if (outcome.ok) throw new Error('a member put the host out');
    await a.window.waitForMembers([NICKNAME_A, NICKNAME_B]);
    return { sentence: outcome.sentence };
  },
};

/** With B in the room: what keys, chat, whispers and roles are like in the windows. */
export const trustJourneys: readonly Journey[] = [codes, chat, whisper, rules];
