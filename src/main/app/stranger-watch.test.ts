import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { memberFor } from '../../core/sim/sim-room.ts';
import { ADA, BOB, KeysRig, stateOf } from './channel-keys-rig.ts';
import { STRANGER_AFTER_MS } from './stranger-watch.ts';

describe('ChannelKeys that counts strangers', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('counts a holder of keys whom the list does not show, after a while', async () => {
    const rig = new KeysRig();
    rig.members = [memberFor(1)];
    await rig.welcomedBy();
    const changes = rig.changes;
    expect(rig.keys.describe(performance.now()).strangers).toBe(0);
    vi.advanceTimersByTime(STRANGER_AFTER_MS - 1);
    expect(rig.keys.describe(performance.now()).strangers).toBe(0);
    // Other changes in between must not put it off.
    await rig.roster();
    vi.advanceTimersByTime(2);
    expect(rig.keys.describe(performance.now()).strangers).toBe(1);
    expect(rig.changes).toBe(changes + 1);
    rig.members = [memberFor(1), memberFor(2)];
    await rig.roster();
    expect(rig.keys.describe(performance.now()).strangers).toBe(0);
  });

  it('counts nobody who leaves and is put out of the group in time', async () => {
    const rig = new KeysRig();
    await rig.found();
    await rig.takeInBob(0);
    rig.members = [memberFor(1), memberFor(2, { channel: 2 })];
    await rig.roster();
    vi.advanceTimersByTime(1_000);
    await rig.handle({ type: 'commitWanted', state: stateOf(1), found: false, add: [], remove: [BOB] });
    const { commit } = rig.take('commit');
    await rig.handle({ type: 'committed', state: stateOf(1), from: ADA, commit });
    vi.advanceTimersByTime(STRANGER_AFTER_MS * 2);
    expect(rig.keys.describe(performance.now()).strangers).toBe(0);
  });

  it('leaves no timer behind', async () => {
    const rig = new KeysRig();
    rig.members = [memberFor(1)];
    await rig.welcomedBy();
    expect(vi.getTimerCount()).toBe(1);
    await rig.roster(null);
    expect(vi.getTimerCount()).toBe(0);
  });
});
