import { describe, expect, it } from 'vitest';
import { type DatagramEndpoint, DatagramRoutes } from './datagram-routes.ts';

const OWNER = { handleDatagram: () => undefined };

function endpoint(ssrc: number, rtp: number, address = '192.0.2.1'): DatagramEndpoint {
  return { address, ssrc, ports: { rtp, rtcp: rtp + 1 }, proven: { rtp: false, rtcp: false } };
}

function routes(...endpoints: readonly DatagramEndpoint[]): DatagramRoutes {
  const made = new DatagramRoutes();
  for (const one of endpoints) expect(made.add(one, OWNER)).toBe(true);
  return made;
}

describe('a datagram', () => {
  it('belongs to the stream whose player named its port, at its address', () => {
    const [one, other] = [endpoint(1, 5_000), endpoint(2, 5_002)];
    const made = routes(one, other);
    expect(made.find('rtp', '192.0.2.1', 5_002, [])?.endpoint).toBe(other);
    expect(made.find('rtcp', '192.0.2.1', 5_001, [])?.endpoint).toBe(one);
    expect(made.find('rtp', '192.0.2.2', 5_000, [])).toBeNull();
  });

  it('from an unknown port is taken where only one stream waits for a sign', () => {
    const [one, other] = [endpoint(1, 5_000), endpoint(2, 5_002)];
    const made = routes(one, other);
    expect(made.find('rtp', '192.0.2.1', 40_000, [])).toBeNull();
    made.find('rtp', '192.0.2.1', 5_000, []);
    expect(made.find('rtp', '192.0.2.1', 80, [])).toBeNull();
    expect(made.find('rtp', '192.0.2.1', 40_000, [])?.endpoint).toBe(other);
    expect(other.ports).toEqual({ rtp: 40_000, rtcp: 5_003 });
    expect(made.find('rtp', '192.0.2.1', 41_000, [])).toBeNull();
  });

  it('that reports on a stream belongs to it, whatever its port', () => {
    const [one, other] = [endpoint(1, 5_000), endpoint(2, 5_002)];
    const made = routes(one, other);
    expect(made.find('rtcp', '192.0.2.1', 40_000, [9, 2])?.endpoint).toBe(other);
    expect(other.ports.rtcp).toBe(40_000);
  });

  it('belongs to nobody once the stream is over', () => {
    const one = endpoint(1, 5_000);
    const made = routes(one);
    made.remove(one);
    expect(made.find('rtp', '192.0.2.1', 5_000, [])).toBeNull();
  });

  it('finds so many streams behind an address', () => {
    const made = new DatagramRoutes();
    const added = Array.from({ length: 130 }, (_, at) => made.add(endpoint(at, 2_000 + 2 * at), OWNER));
    expect(added.filter((one) => one).length).toBe(128);
    expect(made.add(endpoint(1, 2_000, '192.0.2.2'), OWNER)).toBe(true);
  });
});
