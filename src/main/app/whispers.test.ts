import { describe, expect, it } from 'vitest';
import { memberFor } from '../../core/sim/sim-room.ts';
import { MAX_WHISPER_SLOTS, NOBODY } from '../../core/voice/whisper-schedule.ts';
import { MAX_KEPT_WHISPER_LISTS } from './whispers.ts';
import { LIST, OWN, settle, WhispersRig } from './whispers-rig.ts';

describe('Whispers to one person', () => {
  it('seals a key to that person alone and holds its slot while the key is held', async () => {
    const rig = new WhispersRig();
    rig.press(2);
    await settle();
    expect([rig.goesTo, rig.activeTo]).toEqual([2, 'Member 2']);
    expect(rig.sent).toEqual([{ to: 2, target: 2, keyId: 1 }]);
    rig.release(2);
    expect([rig.goesTo, rig.activeTo]).toEqual([null, '']);
    expect(rig.whispers.counters.keysSealed).toBe(1);
  });

  it('keeps the key for the next time, until the person has another whisper key', async () => {
    const rig = new WhispersRig();
    rig.press(2);
    rig.release(2);
    rig.press(2);
    await settle();
    expect(rig.sent).toHaveLength(1);
    const [before] = rig.slots.values();
    const renewed = { key: 'B'.repeat(43), signature: 'A'.repeat(86) };
    rig.members = [memberFor(OWN), memberFor(2, { whisperKey: renewed })];
    rig.whispers.handleRoster();
    await settle();
    expect(rig.sent.map(({ keyId }) => keyId)).toEqual([1, 2]);
    const [after] = rig.slots.values();
    expect(after?.key).not.toBe(before?.key);
    expect(rig.goesTo).toBe(2);
  });

  it('forgets who left, and lets nothing of it into the channel while the key is still held', () => {
    const rig = new WhispersRig();
    rig.press(2);
    rig.members = [memberFor(OWN)];
    rig.whispers.handleRoster();
    expect(rig.slots.size).toBe(0);
    expect([rig.goesTo, rig.activeTo]).toEqual([NOBODY, '']);
    rig.release(2);
    expect(rig.goesTo).toBeNull();
  });

  it('says so when nobody is there, once for each press, and whispers as soon as somebody is', () => {
    const rig = new WhispersRig();
    rig.press(9);
    expect(rig.goesTo).toBe(NOBODY);
    expect(rig.notices).toEqual(['Nobody is here whom that whisper could go to.']);
    rig.whispers.handleRoster();
    expect(rig.notices).toHaveLength(1);
    expect(rig.whispers.counters.nobodyThere).toBe(1);
    rig.members.push(memberFor(9));
    rig.whispers.handleRoster();
    expect([rig.goesTo, rig.activeTo]).toEqual([9, 'Member 9']);
    rig.release(9);
    expect(rig.goesTo).toBeNull();
  });

  it('does not whisper to somebody whose key is not theirs', async () => {
    const rig = new WhispersRig();
    rig.seal = async () => null;
    rig.press(2);
    await settle();
    expect(rig.sent).toEqual([]);
    expect(rig.notices).toEqual([expect.stringContaining('Member 2 cannot be whispered to')]);
    expect(rig.whispers.counters.sealingFailed).toBe(1);
  });

  it('takes a key that cannot be sealed to for one that is not theirs, and survives', async () => {
    const rig = new WhispersRig();
    rig.seal = () => Promise.reject(new Error('a point of small order'));
    rig.press(2);
    await settle();
    expect(rig.whispers.counters.sealingFailed).toBe(1);
  });
});

describe('Whispers with several keys held', () => {
  it('lets the newest count, and returns to the one before', () => {
    const rig = new WhispersRig();
    rig.press(2);
    rig.press(3);
    expect(rig.goesTo).toBe(3);
    rig.press(4);
    rig.release(3);
    expect(rig.goesTo).toBe(4);
    rig.release(4);
    expect(rig.goesTo).toBe(2);
    rig.release(2);
    expect(rig.goesTo).toBeNull();
  });

  it('takes a key pressed again for the newest', () => {
    const rig = new WhispersRig();
    rig.press(2);
    rig.press(3);
    rig.press(2);
    expect(rig.goesTo).toBe(2);
    rig.release(2);
    expect(rig.goesTo).toBe(3);
  });

  it('goes to nobody while the newest has nobody, although an older one has', () => {
    const rig = new WhispersRig();
    rig.press(2);
    rig.press(9);
    expect(rig.goesTo).toBe(NOBODY);
    rig.release(9);
    expect(rig.goesTo).toBe(2);
  });

  it('releases the keys of the hook and leaves the button alone', () => {
    const rig = new WhispersRig();
    rig.press(2, 'button');
    rig.press(3);
    rig.press(4);
    rig.whispers.release('key.');
    expect(rig.goesTo).toBe(2);
  });
});

describe('Whispers to a list', () => {
  it('has the key ready before it is needed, for those who are here', async () => {
    const rig = new WhispersRig();
    rig.addList([OWN, 2, 3, 99]);
    await settle();
    expect(rig.registered).toEqual([[LIST, [2, 3]]]);
    expect(rig.sent.map(({ to, target }) => [to, target])).toEqual([
      [2, LIST],
      [3, LIST],
    ]);
    rig.whispers.setHeld('key.5', { kind: 'list', list: 5 }, true);
    expect([rig.goesTo, rig.activeTo]).toEqual([LIST, 'List 5']);
    await settle();
    expect(rig.sent).toHaveLength(2);
  });

  it('makes another key when somebody of the list comes or goes, and not otherwise', async () => {
    const rig = new WhispersRig();
    rig.addList([2, 3]);
    const slot = [...rig.slots.keys()];
    rig.members = rig.members.filter(({ token }) => token !== 3);
    rig.whispers.handleRoster();
    await settle();
    expect(rig.registered.at(-1)).toEqual([LIST, [2]]);
    expect(rig.sent).toEqual([{ to: 2, target: LIST, keyId: 2 }]);
    rig.members.push(memberFor(77));
    rig.whispers.handleRoster();
    rig.members.push(memberFor(3));
    rig.whispers.handleRoster();
    await settle();
    expect(rig.sent.map(({ to, keyId }) => [to, keyId])).toEqual([
      [2, 2],
      [2, 3],
      [3, 3],
    ]);
    expect([...rig.slots.keys()]).toEqual(slot);
  });

  it('forgets a list that was removed, or whose people are all gone', () => {
    const rig = new WhispersRig();
    rig.addList([2]);
    rig.members = [memberFor(OWN)];
    rig.whispers.handleRoster();
    expect([rig.slots.size, rig.registered.at(-1)]).toEqual([0, [LIST, []]]);
    rig.members = [memberFor(OWN), memberFor(2)];
    rig.whispers.handleRoster();
    expect(rig.slots.size).toBe(1);
    rig.lists = [];
    rig.whispers.handleRoster();
    expect([rig.slots.size, rig.registered.at(-1)]).toEqual([0, [LIST, []]]);
  });

  it('lets nothing of a list into the channel that is removed while its key is held', () => {
    const rig = new WhispersRig();
    rig.addList([2]);
    rig.whispers.setHeld('key.5', { kind: 'list', list: 5 }, true);
    rig.lists = [];
    rig.whispers.handleRoster();
    expect([rig.goesTo, rig.activeTo]).toEqual([NOBODY, '']);
  });
});

describe('Slots of whispers', () => {
  it('gives each target one, and the person whispered to longest ago gives way', () => {
    const rig = new WhispersRig();
    const people = Array.from({ length: MAX_WHISPER_SLOTS + 1 }, (_, at) => at + 2);
    rig.members = [memberFor(OWN), ...people.map((token) => memberFor(token))];
    for (const token of people.slice(0, -1)) {
      rig.press(token);
      rig.release(token);
    }
    expect(new Set(rig.slots.keys()).size).toBe(MAX_WHISPER_SLOTS);
    expect(Math.max(...rig.slots.keys())).toBe(MAX_WHISPER_SLOTS);
    // The first is used again, so the second is the one used longest ago.
    rig.press(2);
    rig.release(2);
    rig.press(people.at(-1) ?? 0);
    const targets = Array.from(rig.slots.values(), ({ target }) => target);
    expect(targets).toContain(2);
    expect(targets).not.toContain(3);
    expect(targets).toContain(people.at(-1));
  });

  it('gives a slot that has just become free to nobody else while others are free', () => {
    const rig = new WhispersRig();
    rig.press(2);
    const slot = rig.held;
    rig.members = rig.members.filter(({ token }) => token !== 2);
    rig.whispers.handleRoster();
    rig.release(2);
    rig.press(3);
    expect(rig.held).not.toBe(slot);
  });

  it('leaves some for people, whatever lists are kept', () => {
    const rig = new WhispersRig();
    for (let id = 1; id <= MAX_KEPT_WHISPER_LISTS; id += 1) rig.addList([2], id);
    expect(rig.slots.size).toBe(MAX_KEPT_WHISPER_LISTS);
    const slots = new Set<number | null>();
    for (const token of [2, 3, 4]) {
      rig.press(token);
      slots.add(rig.held);
      rig.release(token);
    }
    expect(slots.size).toBe(3);
    expect(rig.slots.size).toBe(MAX_KEPT_WHISPER_LISTS + 3);
  });

  it('takes none from a list, even when lists have all of them', () => {
    const rig = new WhispersRig();
    for (let id = 1; id <= MAX_WHISPER_SLOTS; id += 1) rig.addList([2], id);
    rig.press(3);
    expect(rig.goesTo).toBe(NOBODY);
    expect(rig.slots.size).toBe(MAX_WHISPER_SLOTS);
  });
});
