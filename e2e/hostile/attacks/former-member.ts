import { setTimeout as sleep } from 'node:timers/promises';
import { openDatagram } from '../../../src/core/seal/sealed-datagram.ts';
import { createHeader, decodeHeader, MAX_DATAGRAM_BYTES } from '../../../src/core/wire/datagram.ts';
import { AesGcmKey } from '../../../src/main/base/aes-gcm-key.ts';
import { type Attack, LOBBY, STRANGERS, type Stage, type Tally } from '../attack.ts';
import { Insider, type KeptKey } from '../insider.ts';
import { Rogue } from '../rogue.ts';

/** From here on, in ms after the end of a membership, nothing may open: a new epoch is promised within a second. */
const NEW_EPOCH_MS = 1_000;

/** How long voice is recorded after the end of a membership, in ms. */
const RECORDED_MS = 3_000;

/** Fewest datagrams that must be tried: less shows nothing. */
const MIN_DATAGRAMS = 100;

/** True when any of the keys opens the datagram, whatever epoch or sender it was meant for. */
function opens(bytes: Uint8Array, keys: readonly KeptKey[], ciphers: readonly AesGcmKey[]): boolean {
  const header = createHeader();
  if (!decodeHeader(bytes, bytes.length, header).ok) return false;
  const plain = new Uint8Array(MAX_DATAGRAM_BYTES);
  const keyId = bytes[header.payloadOffset] ?? 0;
  return keys.some(({ salt }, at) => {
    const key = ciphers[at];
    if (key === undefined) return false;
    return openDatagram(
      bytes,
      bytes.length,
      header.payloadOffset,
      header.sequence,
      { keyId, key, salt },
      plain,
    ).ok;
  });
}

async function eavesdrop(
  stage: Stage,
  tally: Tally,
  how: 'left' | 'kicked',
  end: (former: Insider) => Promise<void>,
): Promise<void> {
  const spy = await Rogue.enter(stage.relay.port, STRANGERS[0], `Spy on ${how}`);
  await spy.bindVoice();
  const former = new Insider(`Former ${how}`);
  await former.join(stage.relay);
  const heardBefore = spy.voice.length;
  await sleep(500);
  const ciphers = (): AesGcmKey[] => former.keys.map(({ key }) => new AesGcmKey(key));
  const before = spy.voice.slice(heardBefore).map(({ bytes }) => bytes);
  const memberCiphers = ciphers();
  const openedBefore = before.filter((bytes) => opens(bytes, former.keys, memberCiphers)).length;
  tally.expect(openedBefore > 0, `${how}: a member opened nothing even before, so the attack shows nothing`);

  const endMs = performance.now();
  await end(former);
  await sleep(RECORDED_MS);
  const after = spy.voice.filter(({ atMs }) => atMs >= endMs);
  const keyCiphers = ciphers();
  const opened = after.filter(({ bytes }) => opens(bytes, former.keys, keyCiphers));
  const late = after.filter(({ atMs }) => atMs >= endMs + NEW_EPOCH_MS);
  const openedLate = opened.filter(({ atMs }) => atMs >= endMs + NEW_EPOCH_MS).length;
  tally.tries += late.length;
  tally.count(`opened by who ${how}`, openedLate);
  tally.count(`not opened by who ${how}`, late.length - openedLate);
  tally.figures[`${how}: last opened after ms`] = Math.round((opened.at(-1)?.atMs ?? endMs) - endMs);
  tally.figures[`${how}: keys tried`] = former.keys.length;
  tally.expect(late.length >= MIN_DATAGRAMS, `${how}: only ${late.length} datagrams were recorded`);
  tally.equal(`${how}: opened more than a second later`, openedLate, 0);
  spy.leave();
  former.member.leave();
}

export const formerMember: Attack = {
  name: 'a former member tries to open new voice',
  expectation:
    'with every key ever had, none of it opens later than one second after leaving, or being kicked',
  async run(stage, tally) {
    await eavesdrop(stage, tally, 'left', async (former) => former.member.leave());
    await eavesdrop(stage, tally, 'kicked', async (former) => {
      const answer = await stage.warden.request({ kind: 'kick', member: former.token, reason: 'A test' });
      tally.expect(answer === 'done', `the host could not kick from channel ${LOBBY}`);
    });
    return undefined;
  },
};
