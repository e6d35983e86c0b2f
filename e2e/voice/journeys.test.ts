import { describe, expect, it } from 'vitest';
import { formatInvite, parseJoinTarget } from '../../src/core/wire/invite.ts';
import { withOtherCertificate } from './journeys.ts';

describe('the invite link with another certificate', () => {
  it.each(['A'.repeat(43), `${'b1_-'.repeat(10)}xyE`])(
    'is well formed and leads elsewhere: %s',
    (certificateSha256) => {
      const invite = formatInvite({ host: '127.0.0.1', port: 50_000, certificateSha256, roomName: 'Room' });
      const parsed = parseJoinTarget(withOtherCertificate(invite));
      if (!parsed.ok) throw new Error(parsed.sentence);
      expect(parsed.target).toMatchObject({ host: '127.0.0.1', port: 50_000, roomName: 'Room' });
      expect(parsed.target.certificateSha256).not.toBe(certificateSha256);
    },
  );
});
