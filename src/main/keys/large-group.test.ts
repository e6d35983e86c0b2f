import { expect, it } from 'vitest';
import { MAX_ADDS_PER_COMMIT, MAX_COMMIT_BYTES, MAX_WELCOME_BYTES } from '../../core/wire/key-delivery.ts';
import { ChannelGroup } from './channel-group.ts';
import { createIdentity } from './identity.ts';

const MEMBERS = 50;
const GROUP_ID = Uint8Array.of(50);

/** Times are printed, not judged: this machine is shared. `bench/trust` judges them. */
it(`carries ${MEMBERS} members through a join and a leave`, { timeout: 60_000 }, async () => {
  const people = Array.from({ length: MEMBERS + 1 }, () => {
    const identity = createIdentity();
    return { identity: identity.publicKey, group: new ChannelGroup(identity) };
  });
  const [founder, ...others] = people;
  const latecomer = others.pop();
  if (founder === undefined || latecomer === undefined) throw new Error('people');
  await founder.group.createPackage();
  await founder.group.create(GROUP_ID);
  const inside = [founder];
  const report: string[] = [];
  const change = async (name: string, add: typeof people, remove: typeof people): Promise<void> => {
    const packages = await Promise.all(
      add.map(async ({ identity, group }) => ({ identity, keyPackage: await group.createPackage() })),
    );
    const startMs = performance.now();
    const made = await founder.group.commit({
      add: packages,
      remove: remove.map(({ identity }) => identity),
    });
    if (!made.ok || made.commit === null) throw new Error('no commit');
    const madeMs = performance.now();
    for (const { group } of inside.slice(1)) expect((await group.applyCommit(made.commit)).ok).toBe(true);
    const appliedMs = performance.now();
    await founder.group.acceptOwnCommit();
    for (const { group } of add) {
      if (made.welcome === null) throw new Error('no welcome');
      expect((await group.join(made.welcome, GROUP_ID)).ok).toBe(true);
    }
    const joinedMs = performance.now();
    expect(made.commit.length).toBeLessThan(MAX_COMMIT_BYTES);
    expect(made.welcome?.length ?? 0).toBeLessThan(MAX_WELCOME_BYTES);
    const each = (ms: number, count: number) => (count === 0 ? '-' : (ms / count).toFixed(1));
    report.push(
      `${name}: commit ${made.commit.length} B in ${(madeMs - startMs).toFixed(0)} ms, welcome ` +
        `${made.welcome?.length ?? 0} B, apply ${each(appliedMs - madeMs, inside.length - 1)} ms each, join ` +
        `${each(joinedMs - appliedMs, add.length)} ms each`,
    );
    inside.push(...add);
    for (const gone of remove) inside.splice(inside.indexOf(gone), 1);
  };
  for (let from = 0; from < others.length; from += MAX_ADDS_PER_COMMIT)
    await change('many join', others.slice(from, from + MAX_ADDS_PER_COMMIT), []);
  await change('one joins', [latecomer], []);
  const leaver = inside[7];
  if (leaver === undefined) throw new Error('somebody to leave');
  await change('one leaves', [], [leaver]);
  const startMs = performance.now();
  const keys = await founder.group.mediaKeys();
  report.push(`media keys of ${keys.size} in ${(performance.now() - startMs).toFixed(1)} ms`);
  process.stdout.write(`${report.join('\n')}\n`);
  expect(keys.size).toBe(MEMBERS);
  for (const { group } of inside) expect(await group.mediaKeys()).toEqual(keys);
  expect(leaver.group.epoch).toBeNull();
});
