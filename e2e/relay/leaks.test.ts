import { describe, expect, it } from 'vitest';
import { findLeaks } from './leaks.ts';

const CLEAN =
  '{"level":"info","time":"2026-11-21T13:26:06.153Z","event":"listening","port":48480,"certificateSha256":"gSpA--cc"}';

describe('findLeaks', () => {
  it('finds nothing in a clean log, and does not trust an empty one', () => {
    expect(findLeaks(`${CLEAN}\n${CLEAN}`, [])).toMatchObject({ ok: true, leaks: 0 });
    expect(findLeaks('', [])).toMatchObject({ ok: false });
  });

  it.each([
    'a nickname: Marker-Ada',
    'marker.account logged in',
    'from 192.0.2.7',
    'from ::ffff:192.0.2.7',
    'from fe80::1%eth0',
    'from [2001:db8::1]:48480',
    'from 2001:db8:0:1:2:3:4:5',
    'token 1234567890 spoke',
    'identity S3cr3t-Identity',
  ])('finds %s', (leak) => {
    expect(findLeaks(`${CLEAN}\n${leak}`, ['1234567890', 'S3cr3t-Identity'])).toMatchObject({
      ok: false,
      leaks: 1,
      first: leak,
    });
  });
});
