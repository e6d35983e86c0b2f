import { describe, expect, it } from 'vitest';
import { channelOf, collecting, PUBLISHER, packetOf, TEST_LIMITS } from '../../core/program/program-rig.ts';
import { Programs } from '../../core/program/programs.ts';
import type { ToRoom } from '../../core/program/room-link.ts';
import { RoomBridge } from './room-bridge.ts';

const TALK = channelOf({ id: 2, slug: 'talk', source: 'conversation', talk: true });

function rig(channels = [TALK]) {
  const sent: ToRoom[] = [];
  let nowMs = 0;
  const programs: Programs = new Programs({
    limits: TEST_LIMITS,
    secretsInTheClear: false,
    equalSecrets: (one, other) => one === other,
    fitsPassword: () => false,
    onDidChangeListeners: (channel) => bridge.handleListeners(channel),
  });
  const bridge = new RoomBridge(
    programs,
    (message) => sent.push(message),
    () => nowMs,
  );
  const set = (next: typeof channels): void => {
    programs.setChannels(next);
    bridge.handleChannels();
  };
  set(channels);
  const program = (id: number) => {
    const found = programs.program(id);
    if (found === null) throw new Error('the channel is there');
    return found;
  };
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { sent, bridge, set, program, pass };
}

describe('RoomBridge', () => {
  it('wants a mix only while somebody listens and the member stands there', () => {
    const { sent, bridge, program } = rig();
    const seat = program(2).frames.join(collecting());
    expect(sent).toEqual([]);
    bridge.handleMessage({ kind: 'standing', channel: 2, standing: true, bitrate: 32_000 });
    expect(program(2).broadcast?.kind).toBe('mix');
    seat.leave();
    bridge.handleMessage({ kind: 'standing', channel: 2, standing: false, bitrate: 32_000 });
    expect(program(2).broadcast).toBeNull();
    expect(sent).toEqual([
      { kind: 'demand', channel: 2, wanted: true },
      { kind: 'demand', channel: 2, wanted: false },
    ]);
  });

  it('tells a member that stands there anew what is wanted', () => {
    const { sent, bridge, program } = rig();
    program(2).frames.join(collecting());
    for (const standing of [true, true])
      bridge.handleMessage({ kind: 'standing', channel: 2, standing, bitrate: 32_000 });
    expect(sent).toEqual([
      { kind: 'demand', channel: 2, wanted: true },
      { kind: 'demand', channel: 2, wanted: true },
    ]);
  });

  it('broadcasts what was mixed, and nothing for a channel that is gone', () => {
    const { bridge, program, set } = rig();
    const outlet = collecting<{ payload: Uint8Array }>();
    program(2).frames.join(outlet);
    bridge.handleMessage({ kind: 'standing', channel: 2, standing: true, bitrate: 32_000 });
    bridge.handleMessage({ kind: 'mixed', channel: 2, packet: packetOf(7) });
    expect(outlet.got.map(({ payload }) => payload)).toEqual([packetOf(7)]);
    set([]);
    expect(outlet.ended).toBe('closed');
    bridge.handleMessage({ kind: 'mixed', channel: 2, packet: packetOf(8) });
    expect(outlet.got.length).toBe(1);
  });

  it("lets the channel's members hear a publisher, to the byte, and its end", () => {
    const { sent, program } = rig([channelOf()]);
    const feed = program(1).begin(PUBLISHER);
    feed?.frame(packetOf(1), 0);
    feed?.end();
    expect(sent).toEqual([
      { kind: 'speak', channel: 1, packet: packetOf(1) },
      { kind: 'pause', channel: 1 },
    ]);
  });

  it('sends a packet to the other thread without the page that it lay on', () => {
    const { sent, program } = rig([channelOf()]);
    const page = new Uint8Array(60_000);
    page.set(packetOf(1), 1_000);
    program(1)
      .begin(PUBLISHER)
      ?.frame(page.subarray(1_000, 1_000 + packetOf(1).length), 0);
    const [message] = sent;
    if (message?.kind !== 'speak') throw new Error('nothing was sent');
    expect(message.packet).toEqual(packetOf(1));
    expect(message.packet.buffer.byteLength).toBe(packetOf(1).length);
  });

  it('lets listeners talk one at a time, where the channel lets them', () => {
    const { sent, bridge, set, pass } = rig();
    const [anna, boris] = [{}, {}];
    expect(bridge.speak(2, anna, packetOf(1))).toBe(true);
    expect(bridge.speak(2, boris, packetOf(2))).toBe(false);
    bridge.pause(2, boris);
    bridge.pause(2, anna);
    pass(20);
    expect(bridge.speak(2, boris, packetOf(3))).toBe(true);
    set([{ ...TALK, talk: false }]);
    expect(bridge.speak(2, boris, packetOf(4))).toBe(false);
    expect(bridge.speak(9, boris, packetOf(4))).toBe(false);
    expect(sent.map(({ kind }) => kind)).toEqual(['speak', 'pause', 'speak']);
  });

  it('ends the mix when the channel becomes a publisher’s', () => {
    const { bridge, program, set } = rig();
    bridge.handleMessage({ kind: 'standing', channel: 2, standing: true, bitrate: 32_000 });
    set([{ ...TALK, source: 'publisher' }]);
    expect(program(2).broadcast).toBeNull();
    expect(program(2).begin(PUBLISHER)).not.toBeNull();
  });
});
