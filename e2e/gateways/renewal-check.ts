import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadOrCreateCertificate } from '../../src/main/relay/certificate.ts';
import { Child, within } from '../rig/child.ts';
import { shownCertificate } from '../rig/shown-certificate.ts';
import type { Check } from './check.ts';
import { askUntil, LOBBY, WholeRoom } from './whole-room.ts';

/** Public authorities give certificates for weeks: a newer one is taken over while the room is open. */
export const renewalCheck: Check = {
  name: 'whole: a renewed certificate is shown to whoever comes then, and who listens listens on',
  needs: ['curl'],
  run: async (scene) => {
    const folder = scene.folder();
    const [certificatePath, keyPath] = [join(folder, 'own.pem'), join(folder, 'own-key.pem')];
    const putNew = async (): Promise<void> => {
      const { certificatePem, keyPem } = await loadOrCreateCertificate(scene.folder());
      writeFileSync(certificatePath, certificatePem);
      writeFileSync(keyPath, keyPem);
    };
    await putNew();
    const room = await WholeRoom.open(scene, {
      SIDETONE_RELAY_LISTEN_CERTIFICATE: certificatePath,
      SIDETONE_RELAY_LISTEN_KEY: keyPath,
    });
    const { ogg, rtsp } = await room.openChannel(LOBBY, { access: 'public' });
    if (rtsp === null) throw new Error('there is no RTSP');
    const ports = [room.listenPort, Number(new URL(rtsp).port)];
    const before = await Promise.all(ports.map(shownCertificate));
    const url = new URL(ogg);
    url.hostname = '127.0.0.1';
    const listener = await Child.start('curl', ['-skN', '--no-buffer', '-o', '/dev/null', url.href]);
    scene.defer(() => listener.stop(1_000));
    await askUntil('a listener', async () => ((await room.state(LOBBY)).now.listeners > 0 ? true : null));
    await putNew();
    room.relay.child.signal('SIGHUP');
    const { of } = await room.relay.logged('certificateRenewed');
    if (of !== 'listeners') throw new Error(`the certificate of ${of} was renewed`);
    await askUntil('the new certificate on all ports', async () => {
      const after = await Promise.all(ports.map(shownCertificate));
      return after.every((shown, at) => shown !== before[at]) || null;
    });
    if ((await within(listener.ended, 1_000)) !== null) throw new Error('who listened was put out');
    return { ports: ports.length, secure: url.protocol === 'https:' };
  },
};
