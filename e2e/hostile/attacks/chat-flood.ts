import { MAX_CHAT_BURST } from '../../../src/core/relay/sessions.ts';
import type { ChatTarget } from '../../../src/core/wire/chat.ts';
import { MAX_CHAT_BYTES, MAX_UNDELIVERED_CHATS } from '../../../src/core/wire/chat.ts';
import { type Attack, CounterWatch, LOBBY, STRANGERS, type Stage, type Tally } from '../attack.ts';
import { Rogue } from '../rogue.ts';

/** Chats of one who floods: far above what a lane takes at once. */
const FLOOD = 60;

/** Senders that it takes to fill a held member's inbox, and some more. */
const FILLERS = Math.ceil(MAX_UNDELIVERED_CHATS / MAX_CHAT_BURST) + 2;

/** Fewest of the longest chats that an inbox holds: fewer, and a night away loses something. */
const MIN_KEPT = 100;

/** The one who comes back says what has arrived, as clients do: the relay may wait for that before it sends more. */
const SEEN_EVERY = 20;

/** Fillers at work at one time. */
const AT_ONCE = 8;

/** A text of the longest length, so that the bytes count too. */
function longText(number: number): string {
  const head = `${number} `;
  return head + 'x'.repeat(MAX_CHAT_BYTES - head.length);
}

/** Says as much as it can at once. */
function flood(rogue: Rogue, to: ChatTarget, count: number): void {
  for (let id = 1; id <= count; id += 1) rogue.say({ type: 'chat', id, to, text: longText(id) });
}

async function floodUntilCut(tally: Tally, rogue: Rogue, to: ChatTarget): Promise<void> {
  flood(rogue, to, FLOOD);
  await rogue.until('the end of the lane', () => rogue.closed);
  tally.tries += FLOOD;
  const codes = rogue.refusals.map(({ code }) => code);
  for (const code of codes) tally.count(code);
  tally.expect(codes.includes('chatTooFast'), 'a flood of chat was not told that it is too fast');
  tally.equal('the last word to a flood of chat', codes.at(-1) ?? '', 'tooManyMessages');
  rogue.drop();
}

/** Writes to somebody who is away until the inbox is full; then the one who was away comes back. */
async function fillInbox(stage: Stage, tally: Tally): Promise<void> {
  const { relay } = stage;
  const [, , , , , , , address] = STRANGERS;
  const absent = await Rogue.enter(relay.port, address, 'Absent');
  const { token, welcome, identity } = absent;
  absent.drop();
  const to = { kind: 'member', identity: identity.name } as const;
  let [taken, full] = [0, 0];
  const fill = async (number: number): Promise<void> => {
    const rogue = await Rogue.enter(relay.port, STRANGERS[number % 7] ?? address, `Filler ${number}`);
    let settled = 0;
    rogue.onMessage = (message) => {
      if (message.type === 'chatTaken') taken += 1;
      if (message.type === 'refused' && message.code === 'inboxFull') full += 1;
      if (message.type === 'chatTaken' || message.type === 'refused') settled += 1;
    };
    flood(rogue, to, MAX_CHAT_BURST);
    await rogue.until('answers to chat', () => settled >= MAX_CHAT_BURST);
    rogue.leave();
  };
  for (let n = 0; n < FILLERS; n += AT_ONCE)
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, FILLERS - n) }, (_, at) => fill(n + at)));
  tally.tries += FILLERS * MAX_CHAT_BURST;
  tally.count('inboxFull', full);
  tally.figures['keptForAbsent'] = taken;
  // Texts this long fill it up before their number does.
  tally.expect(
    taken >= MIN_KEPT && taken <= MAX_UNDELIVERED_CHATS,
    `${taken} chats were kept for one who is away`,
  );
  tally.equal('chats taken, or refused because the inbox is full', taken + full, FILLERS * MAX_CHAT_BURST);

  const back = await Rogue.open(relay.port, address, 'Absent', identity);
  back.onMessage = (message) => {
    if (message.type !== 'chat' || message.delivery % SEEN_EVERY !== 0) return;
    back.say({ type: 'chatSeen', seen: message.delivery });
  };
  await back.login({ resume: { token, secret: welcome?.resumeSecret ?? '', chatSeen: 0 } });
  await back.until('the whole inbox', () => back.chats.length >= taken);
  const numbers = back.chats.map(({ delivery }) => delivery);
  const inOrder = numbers.every((delivery, at) => delivery === at + 1);
  tally.expect(inOrder && numbers.length === taken, 'the inbox came with holes, twice, or out of order');
  back.leave();
}

export const chatFlood: Attack = {
  name: 'chat floods at the size limit',
  expectation:
    'chatTooFast, then tooManyMessages; inboxFull for one who is away; the others get each chat once',
  async run(stage, tally) {
    const { honest, relay } = stage;
    const [victim] = honest.members;
    if (victim === undefined) throw new Error('there is nobody to write to');
    const watch = await CounterWatch.begin(relay);
    const shouter = await Rogue.enter(relay.port, STRANGERS[0], 'Shouter');
    await floodUntilCut(tally, shouter, { kind: 'channel', channel: LOBBY });
    const inChannel = (await watch.end())('chatsTaken');
    const pest = await Rogue.enter(relay.port, STRANGERS[1], 'Pest');
    await floodUntilCut(tally, pest, { kind: 'member', identity: victim.identity });
    const toVictim = (await watch.end())('chatsTaken') - inChannel;
    await fillInbox(stage, tally);
    return (report) => {
      const due = inChannel * honest.members.length + toVictim;
      tally.equal('chats that reached the honest', report.chats, due);
    };
  },
};
