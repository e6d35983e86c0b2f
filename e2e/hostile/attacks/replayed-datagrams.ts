import { setTimeout as sleep } from 'node:timers/promises';
import { writeU32 } from '../../../src/core/wire/big-endian.ts';
import { type Attack, CounterWatch } from '../attack.ts';
import { shuffled, whole } from '../chance.ts';
import { Insider } from '../insider.ts';
import { numberedPayload } from '../payload.ts';

/** No honest member has this number. */
const SPEAKER = 9_000;
const OTHERS = 200;
const BY_LANE = 50;
const OWN = 50;
const HELD_BACK = 20;
/** Below what the relay lets one member send, so that nothing of the attack is lost on its way. */
const PER_SECOND = 100;

async function paced(datagrams: readonly Uint8Array[], send: (bytes: Uint8Array) => void): Promise<void> {
  for (const bytes of datagrams) {
    send(bytes);
    await sleep(1_000 / PER_SECOND);
  }
}

export const replayedDatagrams: Attack = {
  name: 'replayed, reordered, truncated, bit-flipped datagrams by a member',
  expectation: "others' voice: wrongAddress or laneWrongToken; the own: opened once each, as it was sealed",
  async run({ relay, honest, rng }, tally) {
    const rogue = new Insider('Mallory');
    await rogue.join(relay);
    const { voice, room } = rogue.member;
    while (rogue.received.length < OTHERS) await sleep(20);
    const others = rogue.received.slice(0, OTHERS).map(({ bytes }) => bytes);
    const watch = await CounterWatch.begin(relay);

    for (const bytes of others) {
      voice.sendRaw(bytes);
      await sleep(1);
    }
    for (const bytes of others.slice(0, BY_LANE)) room.call.sendLaneDatagram(bytes);

    // The same words under the own token: the relay takes them, sealing does not.
    const renamed = others.slice(0, BY_LANE).map((bytes) => {
      const copy = bytes.slice();
      writeU32(copy, 0, rogue.token);
      return copy;
    });
    const own: Uint8Array[] = [];
    for (let number = 0; number < OWN; number += 1) {
      voice.speak(numberedPayload(SPEAKER, number));
      own.push(voice.lastDatagram ?? new Uint8Array());
      await sleep(1_000 / PER_SECOND);
    }
    rogue.holdsBack = true;
    for (let number = OWN; number < OWN + HELD_BACK; number += 1)
      voice.speak(numberedPayload(SPEAKER, number));
    rogue.holdsBack = false;
    await paced(rogue.heldBack.toReversed(), (bytes) => voice.sendRaw(bytes));
    const truncated = own.map((bytes) => bytes.slice(0, 17 + whole(rng, bytes.length - 17)));
    const flipped = own.map((bytes) => {
      const copy = bytes.slice();
      const at = whole(rng, copy.length);
      copy[at] = (copy[at] ?? 0) ^ (1 << whole(rng, 8));
      return copy;
    });
    const bad = shuffled(rng, [...renamed, ...own, ...own, ...truncated, ...flipped]);
    await paced(bad, (bytes) => voice.sendRaw(bytes));
    await watch.moves('discard.laneWrongToken', BY_LANE);
    const grown = await watch.end();

    const wrongAddress = grown('discard.wrongAddress');
    tally.tries = OTHERS + BY_LANE + bad.length + HELD_BACK;
    tally.count('wrongAddress', wrongAddress);
    tally.count('laneWrongToken', grown('discard.laneWrongToken'));
    // A flipped bit may turn the token into nobody's, or nearly never into that of somebody else.
    tally.expect(
      wrongAddress >= OTHERS,
      `voice under others' tokens: ${wrongAddress} refused, not ${OTHERS}`,
    );
    tally.equal("voice under others' tokens by the lane", grown('discard.laneWrongToken'), BY_LANE);
    tally.equal('of the attack lost to the rate limit', grown('discard.rateLimited'), 0);
    const { token } = rogue;
    const listeners = honest.members.length;
    rogue.member.leave();
    return (report) => {
      for (const reason of ['replayed', 'forged', 'tooShort', 'unknownSender', 'unknownKeyId', 'notSealed'])
        tally.count(`opener ${reason}`, report.opener[reason] ?? 0);
      tally.equal('own packets opened', report.fromOthers[token] ?? 0, (OWN + HELD_BACK) * listeners);
      const refused = (report.opener['replayed'] ?? 0) + (report.opener['forged'] ?? 0);
      const least = (2 * OWN + BY_LANE) * listeners;
      tally.expect(refused >= least, `replays and forgeries refused by openers: ${refused}, not ${least}`);
    };
  },
};
