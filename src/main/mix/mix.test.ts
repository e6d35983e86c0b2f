import { describe, expect, it } from 'vitest';
import { createRng } from '../../core/base/rng.ts';
import { MIX_FRAME_MS } from '../../core/mix/mix-clock.ts';
import { MAX_CHANNELS } from '../../core/wire/channels.ts';
import { ASK_AGAIN_MS, STEADY_MS } from './attendance.ts';
import { HOUSEKEEPING_MS } from './mix.ts';
import { BITRATE, CHANNEL, MixRig, TOC_20_MS } from './mix-rig.ts';

describe('Mix, coming in', () => {
  it('says who comes, waits to be let in, and stands once it has keys', async () => {
    const rig = new MixRig();
    rig.command({ kind: 'stand', channel: CHANNEL, bitrate: BITRATE, source: 'conversation' });
    expect(rig.of('identity')).toEqual([{ kind: 'identity', channel: CHANNEL, identity: 'identity 0' }]);
    expect(rig.member.joins).toBe(0);
    rig.command({ kind: 'admitted', channel: CHANNEL });
    await rig.settle();
    expect(rig.member.joins).toBe(1);
    expect(rig.standing()).toEqual([]);
    rig.member.giveKeys();
    expect(rig.posted.map(({ message }) => message)).toEqual([
      { kind: 'standing', channel: CHANNEL, standing: true, bitrate: BITRATE },
    ]);
    rig.member.voice.setEpoch(0, null, []);
    rig.member.giveKeys();
    expect(rig.standing()).toEqual([true, false, true]);
  });

  it('asks again when nobody answers, and is not let in twice', async () => {
    const rig = new MixRig();
    rig.command({ kind: 'stand', channel: CHANNEL, bitrate: BITRATE, source: 'conversation' });
    rig.runFor(ASK_AGAIN_MS - 1);
    expect(rig.of('identity').length).toBe(1);
    rig.runFor(1);
    expect(rig.of('identity').length).toBe(2);
    rig.command({ kind: 'admitted', channel: CHANNEL });
    rig.command({ kind: 'admitted', channel: CHANNEL });
    await rig.settle();
    rig.command({ kind: 'admitted', channel: CHANNEL });
    await rig.settle();
    expect(rig.member.joins).toBe(1);
    rig.runFor(10 * ASK_AGAIN_MS);
    expect(rig.of('identity').length).toBe(2);
  });

  it('goes to its channel when it lands elsewhere, and leaves when it may not', async () => {
    const rig = new MixRig();
    rig.command({ kind: 'stand', channel: CHANNEL, bitrate: BITRATE, source: 'conversation' });
    rig.member.landing = 1;
    rig.command({ kind: 'admitted', channel: CHANNEL });
    await rig.settle();
    expect(rig.member.channel).toBe(CHANNEL);
    rig.command({ kind: 'stand', channel: 9, bitrate: BITRATE, source: 'conversation' });
    rig.member.landing = 1;
    rig.member.moveOutcome = { ok: false, sentence: 'It is locked.' };
    rig.command({ kind: 'admitted', channel: 9 });
    await rig.settle();
    expect(rig.of('dropped')).toEqual([{ kind: 'dropped', channel: 9, sentence: 'It is locked.' }]);
    expect(rig.member.left).toBe(1);
  });

  it('tells why it is out, and asks anew, with pauses that grow until it stays', async () => {
    const rig = new MixRig();
    await rig.stand();
    const pauses: number[] = [];
    for (let attempt = 0; attempt < 8; attempt += 1) {
      rig.takeStirred();
      rig.member.drop('The relay was closed.');
      // Nobody's handler was under way: the clock must hear of it.
      expect(rig.takeStirred()).toBe(true);
      const asked = rig.of('identity').length;
      const outMs = rig.nowMs;
      while (rig.of('identity').length === asked) rig.runFor(10);
      pauses.push(rig.nowMs - outMs);
      rig.command({ kind: 'admitted', channel: CHANNEL });
      await rig.settle();
      rig.member.giveKeys();
    }
    expect(rig.of('dropped').length).toBe(8);
    expect(rig.standing().filter((standing) => standing).length).toBe(9);
    expect(Math.max(...pauses.slice(0, 2))).toBeLessThanOrEqual(1_010);
    expect(Math.max(...pauses)).toBeGreaterThan(2_000);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(15_010);
    rig.runFor(STEADY_MS);
    rig.member.drop('The relay was closed.');
    rig.runFor(510);
    expect(rig.of('identity').length).toBe(10);
  });

  it('does not stand where somebody moved it, and goes back', async () => {
    const rig = new MixRig();
    const member = await rig.stand();
    member.channel = 9;
    member.options.onDidChange();
    expect(rig.standing()).toEqual([true, false]);
    expect(member.left).toBe(1);
    rig.runFor(1_000);
    expect(rig.of('identity').length).toBe(2);
  });

  it('stays while the lane is looked for', async () => {
    const rig = new MixRig();
    const member = await rig.stand();
    member.connected = false;
    member.channel = null;
    member.options.onDidChange();
    expect(rig.standing()).toEqual([true]);
  });

  it('leaves for good when it is withdrawn, whatever was under way', async () => {
    const rig = new MixRig();
    rig.command({ kind: 'stand', channel: CHANNEL, bitrate: BITRATE, source: 'conversation' });
    rig.command({ kind: 'admitted', channel: CHANNEL });
    rig.command({ kind: 'withdraw', channel: CHANNEL });
    await rig.settle();
    expect(rig.member.left).toBeGreaterThan(0);
    rig.runFor(60_000);
    expect(rig.of('identity').length).toBe(1);
    expect(rig.standing()).toEqual([]);
    expect(rig.mix.counters()).toMatchObject({ entered: 0 });
    expect(rig.mix.counters()['now.members']).toBe(undefined);
  });

  it('takes MAX_CHANNELS channels, and not one more', () => {
    const rig = new MixRig();
    for (let channel = 1; channel <= MAX_CHANNELS + 1; channel += 1)
      rig.command({ kind: 'stand', channel, bitrate: BITRATE, source: 'conversation' });
    expect(rig.members.length).toBe(MAX_CHANNELS);
    expect(rig.mix.counters()).toMatchObject({ tooManyChannels: 1, 'now.members': MAX_CHANNELS });
    rig.command({ kind: 'withdraw', channel: 1 });
    rig.command({ kind: 'stand', channel: MAX_CHANNELS + 1, bitrate: BITRATE, source: 'conversation' });
    expect(rig.members.length).toBe(MAX_CHANNELS + 1);
  });

  it('stops with a last word', async () => {
    const rig = new MixRig();
    await rig.stand();
    rig.command({ kind: 'stop' });
    expect(rig.events.slice(-2).map(({ kind }) => kind)).toEqual(['counters', 'stopped']);
    expect(rig.standing()).toEqual([true, false]);
    expect(rig.mix.nextDeadlineMs()).toBe(null);
    rig.command({ kind: 'stand', channel: CHANNEL, bitrate: BITRATE, source: 'conversation' });
    rig.message({ kind: 'demand', channel: CHANNEL, wanted: true });
    expect(rig.members.length).toBe(1);
  });
});

describe('Mix, listening', () => {
  const want = (rig: MixRig, wanted: boolean): void =>
    rig.message({ kind: 'demand', channel: CHANNEL, wanted });

  it('opens and mixes nothing while nobody wants it', async () => {
    const rig = new MixRig();
    await rig.stand();
    for (let frame = 0; frame < 100; frame += 1) {
      rig.adaSays(20);
      rig.runFor(MIX_FRAME_MS);
    }
    expect(rig.mixed()).toEqual([]);
    expect(rig.mix.counters()).toMatchObject({
      framesMixed: 0,
      'now.mixing': 0,
      'voice.datagrams': 100,
      'voice.unheard': 100,
      'voice.open.received': 0,
    });
  });

  it('mixes from the first moment on, 50 frames a second, silence included, and follows who talks', async () => {
    const rig = new MixRig();
    await rig.stand();
    rig.takeStirred();
    want(rig, true);
    expect(rig.takeStirred()).toBe(true);
    const fromMs = rig.nowMs;
    rig.runFor(200);
    for (let frame = 0; frame < 50; frame += 1) {
      rig.adaSays(20);
      rig.runFor(MIX_FRAME_MS);
    }
    rig.runFor(800);
    const mixed = rig.mixed();
    expect(mixed.map(({ atMs }) => atMs)).toEqual(mixed.map((_, index) => fromMs + index * MIX_FRAME_MS));
    expect(mixed.length).toBe(101);
    expect(mixed.slice(0, 9).every(({ loudness }) => loudness === 0)).toBe(true);
    expect(mixed.filter(({ loudness }) => loudness === 20).length).toBeGreaterThan(45);
    expect(mixed.at(-1)?.loudness).toBe(0);
    expect(rig.mix.counters()).toMatchObject({ framesMixed: 101, framesLeftOut: 0, 'voice.open.opened': 50 });
  });

  it('ends when nobody wants it any more, and keeps nothing of it', async () => {
    const rig = new MixRig();
    await rig.stand();
    want(rig, true);
    for (let frame = 0; frame < 10; frame += 1) {
      rig.adaSays(20);
      rig.runFor(MIX_FRAME_MS);
    }
    want(rig, false);
    const { length } = rig.mixed();
    rig.runFor(5_000);
    want(rig, true);
    rig.runFor(100);
    expect(
      rig
        .mixed()
        .slice(length)
        .every(({ loudness }) => loudness === 0),
    ).toBe(true);
    expect(rig.mix.counters()['voice.receive.speakers']).toBe(0);
  });

  it('makes up for a little, and leaves out what is beyond', async () => {
    const rig = new MixRig();
    await rig.stand();
    want(rig, true);
    rig.mix.handleDeadline(rig.nowMs);
    rig.nowMs += 1_000;
    rig.mix.handleDeadline(rig.nowMs);
    const { framesMixed = 0, framesLeftOut = 0 } = rig.mix.counters();
    expect(framesMixed).toBe(7);
    expect(framesMixed + framesLeftOut).toBe(51);
    want(rig, false);
    expect(rig.mix.counters()).toMatchObject({ framesLeftOut: 44 });
  });

  it('forgets what was wanted of it when it stands anew, as the gateways do', async () => {
    const rig = new MixRig();
    await rig.stand();
    want(rig, true);
    rig.runFor(100);
    rig.member.voice.setEpoch(0, null, []);
    const { length } = rig.mixed();
    rig.runFor(100);
    rig.member.giveKeys();
    rig.runFor(100);
    expect(rig.mixed().length).toBe(length);
    want(rig, true);
    rig.runFor(100);
    expect(rig.mixed().length).toBe(length + 6);
  });

  it('tells another bitrate, and goes on when it is asked to', async () => {
    const rig = new MixRig();
    await rig.stand();
    rig.command({ kind: 'stand', channel: CHANNEL, bitrate: BITRATE, source: 'publisher' });
    expect(rig.standing()).toEqual([true]);
    rig.command({ kind: 'stand', channel: CHANNEL, bitrate: 24_000, source: 'conversation' });
    expect(rig.posted.at(-1)?.message).toMatchObject({ standing: true, bitrate: 24_000 });
    expect(rig.of('identity').length).toBe(1);
  });

  it('tells counters every second that hold no name and no key', async () => {
    const rig = new MixRig();
    await rig.stand();
    rig.runFor(10 * HOUSEKEEPING_MS);
    expect(rig.of('counters').length).toBe(10);
    expect(JSON.stringify(rig.of('counters'))).not.toContain('identity');
    expect(rig.of('counters').every(({ counters }) => Object.values(counters).every(Number.isFinite))).toBe(
      true,
    );
  });
});

describe('Mix, speaking', () => {
  const packet = (value: number): Uint8Array => Uint8Array.of(TOC_20_MS, value);
  const say = (rig: MixRig, value = 30): void =>
    rig.message({ kind: 'speak', channel: CHANNEL, packet: packet(value) });

  it('says packets to whoever is there, and ends what it said', async () => {
    const rig = new MixRig();
    const member = await rig.stand('publisher');
    member.inCompany = true;
    for (let frame = 0; frame < 5; frame += 1) {
      say(rig);
      rig.runFor(MIX_FRAME_MS);
    }
    rig.message({ kind: 'pause', channel: CHANNEL });
    rig.runFor(MIX_FRAME_MS);
    expect(member.sent.map(({ last }) => last)).toEqual([false, false, false, false, false, true]);
    const [first] = member.sent;
    expect(member.sent.map(({ timestamp }) => timestamp - (first?.timestamp ?? 0))).toEqual(
      [0, 1, 2, 3, 4, 5].map((frame) => frame * 960),
    );
  });

  it('says nothing while nobody is there, or nobody knows where it is', async () => {
    const rig = new MixRig();
    say(rig);
    const member = await rig.stand('publisher');
    say(rig);
    member.inCompany = true;
    member.voice.setEpoch(0, null, []);
    say(rig);
    rig.runFor(1_000);
    expect(member.sent).toEqual([]);
    expect(rig.mix.counters()).toMatchObject({ packets: 3, packetsUnheard: 3, 'packets.packets': 0 });
  });

  it('ends what it says when the last one goes', async () => {
    const rig = new MixRig();
    const member = await rig.stand('publisher');
    member.inCompany = true;
    for (let frame = 0; frame < 10; frame += 1) say(rig);
    expect(member.sent.length).toBe(1);
    member.inCompany = false;
    say(rig);
    rig.runFor(1_000);
    expect(member.sent.length).toBe(1);
    expect(rig.mix.counters()).toMatchObject({
      'frames.cleared': 9,
      packetsUnheard: 1,
      'now.packetsWaiting': 0,
    });
  });

  it.each([
    ['a talking listener of a conversation', 'conversation', 30],
    ['no publisher', 'publisher', 0],
  ] as const)('has %s in the mix, whoever else is there', async (_who, source, loudness) => {
    const rig = new MixRig();
    await rig.stand(source);
    rig.message({ kind: 'demand', channel: CHANNEL, wanted: true });
    for (let frame = 0; frame < 50; frame += 1) {
      say(rig);
      rig.runFor(MIX_FRAME_MS);
    }
    const heard = rig.mixed().filter(({ loudness: of }) => of === loudness).length;
    expect(heard).toBeGreaterThan(40);
    expect(rig.member.sent).toEqual([]);
  });

  it('accounts for every packet and every datagram, whatever happens', async () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const rng = createRng(seed);
      const rig = new MixRig();
      await rig.stand(rng.next() < 0.5 ? 'publisher' : 'conversation');
      for (let step = 0; step < 200; step += 1) {
        const chance = rng.next();
        if (chance < 0.4) say(rig);
        else if (chance < 0.7) rig.adaSays(20);
        else if (chance < 0.75) rig.message({ kind: 'pause', channel: CHANNEL });
        else if (chance < 0.8) rig.message({ kind: 'demand', channel: CHANNEL, wanted: rng.next() < 0.7 });
        else if (chance < 0.83) rig.member.inCompany = rng.next() < 0.7;
        else if (chance < 0.85) rig.member.giveKeys();
        else if (chance < 0.86) rig.member.voice.setEpoch(0, null, []);
        else rig.runFor(rng.next() * 60);
      }
      rig.command({ kind: 'withdraw', channel: CHANNEL });
      const c = new Proxy(rig.mix.counters(), { get: (counters, name) => Reflect.get(counters, name) ?? 0 });
      const sum = (...names: string[]): number => names.reduce((total, name) => total + (c[name] ?? 0), 0);
      expect(c['packets'], `seed ${seed}`).toBe(sum('packetsUnheard', 'packets.packets'));
      expect(c['packets.packets'], `seed ${seed}`).toBe(
        sum('packets.asTheyAre', 'packets.joined', 'packets.split', 'packets.tooLong', 'packets.malformed'),
      );
      expect(c['frames.taken'], `seed ${seed}`).toBe(sum('frames.sent', 'frames.overflow', 'frames.cleared'));
      expect(c['voice.datagrams'], `seed ${seed}`).toBe(sum('voice.unheard', 'voice.open.received'));
      expect(c['voice.receive.speakers'], `seed ${seed}`).toBe(0);
    }
  });
});
