import { expect, it } from 'vitest';
import { createRng } from '../../core/base/rng.ts';
import { ChannelGroup } from './channel-group.ts';
import { createIdentity } from './identity.ts';

const GROUP_ID = Uint8Array.of(5);
const ROUNDS = 12;

function createMember() {
  const identity = createIdentity();
  return { identity: identity.publicKey, group: new ChannelGroup(identity) };
}

/**
 * Coming and going by chance, whoever commits: trees with holes, unmerged leaves and reused leaves, which a test
 * written by hand does not come upon. (That is how the library's faults that ChannelGroup goes around were found.)
 */
it.each([2, 9, 14])('stays together through coming and going, seed %i', { timeout: 60_000 }, async (seed) => {
  const rng = createRng(seed);
  const below = (limit: number) => Math.floor(rng.next() * limit);
  const founder = createMember();
  await founder.group.createPackage();
  await founder.group.create(GROUP_ID);
  let inside = [founder];
  for (let round = 0; round < ROUNDS; round += 1) {
    const committer = inside[below(inside.length)] ?? founder;
    const others = inside.filter((member) => member !== committer);
    const joiners = Array.from({ length: below(5) }, createMember);
    const leavers = inside.length > 3 ? others.filter(() => rng.next() < 0.2).slice(0, 2) : [];
    const add = await Promise.all(
      joiners.map(async ({ identity, group }) => ({ identity, keyPackage: await group.createPackage() })),
    );
    const made = await committer.group.commit({ add, remove: leavers.map(({ identity }) => identity) });
    if (!made.ok) throw new Error(made.reason);
    expect(made.skipped).toEqual([]);
    if (made.commit === null) continue;
    for (const member of others) {
      const outcome = leavers.includes(member) ? 'removed' : 'advanced';
      expect(await member.group.applyCommit(made.commit)).toEqual({ ok: true, outcome });
    }
    await committer.group.acceptOwnCommit();
    for (const { group } of joiners)
      expect(await group.join(made.welcome ?? new Uint8Array(0), GROUP_ID)).toEqual({ ok: true });
    inside = [...inside.filter((member) => !leavers.includes(member)), ...joiners];
    const keys = await committer.group.mediaKeys();
    expect(keys.size).toBe(inside.length);
    for (const { group } of inside) expect(await group.mediaKeys()).toEqual(keys);
  }
  expect(inside.length).toBeGreaterThan(3);
});
