import { describe, expect, it } from 'vitest';
import { LOOPBACK, reachOf } from './reach.ts';

const OWN = ['127.0.0.1', '192.0.2.7', '::1', '2001:db8::7', 'fe80::1'];

describe('reachOf', () => {
  it('goes over loopback when nothing is named', () => {
    expect(reachOf(null, OWN)).toEqual({ ok: true, address: LOOPBACK });
    expect(reachOf(null, [])).toEqual({ ok: true, address: LOOPBACK });
  });

  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['2001:0db8:0000:0000:0000:0000:0000:0007', '2001:db8::7'],
    ['2001:DB8::7', '2001:db8::7'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
  ])('takes %s, which this machine has', (written, address) => {
    expect(reachOf(written, OWN)).toEqual({ ok: true, address });
  });

  it.each(['192.0.2.8', '0.0.0.0', '::', '2001:db8::8', '127.0.0.2', '::ffff:192.0.2.8'])(
    'refuses %s, which another machine has or none',
    (address) => {
      const reach = reachOf(address, OWN);
      expect(reach.ok).toBe(false);
      expect(!reach.ok && reach.sentence).toContain('an address that this machine has');
    },
  );

  it.each(['', 'localhost', 'example.org', '192.0.2.7:48480', '192.0.2.07', '%eth0'])(
    'refuses %j, which is no address',
    (text) => {
      expect(reachOf(text, OWN)).toMatchObject({ ok: false });
    },
  );
});
