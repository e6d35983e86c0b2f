import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadOrCreateCertificate } from '../../src/main/relay/certificate.ts';
import { waitFor } from '../rig/child.ts';
import { shownCertificate } from '../rig/shown-certificate.ts';
import { AdminClient, setupCodeOf } from './admin-client.ts';
import { twoTalkers } from './life-checks.ts';
import { runCommand } from './relay-under-test.ts';
import { type Check, expectEqual, expectHas } from './scene.ts';

/** Longest wait for something that happens at once, in ms. */
const MAX_WAIT_MS = 10_000;

/** The permission bits of a file. */
const PERMISSIONS = 0o777;

const OK = 200;

export const adminChecks: readonly Check[] = [
  {
    name: 'the one-time code makes the first account, once, and is gone',
    run: async (scene) => {
      const environment = await scene.place();
      const first = await scene.open(environment);
      const port = Number(environment['SIDETONE_RELAY_ADMIN_PORT']);
      const admin = new AdminClient(port);
      const { code, path } = await setupCodeOf(first.relay);
      expectEqual('who may read the code', statSync(path).mode & PERMISSIONS, 0o600);
      const refused = await admin.setUp('0000-0000-0000-0000-0000');
      if (refused === OK) throw new Error('a wrong code made an account');
      expectEqual('the answer to the code', await admin.setUp(code), OK);
      const again = await new AdminClient(port).setUp(code);
      if (again === OK) throw new Error('the code worked twice');
      await first.relay.logged('setupCodeUsed');
      expectEqual('whether the code is still there', existsSync(path), false);
      expectEqual('the answer to the account', await new AdminClient(port).logIn(), OK);
      await first.relay.end('SIGTERM');

      const second = await scene.open(environment);
      await second.relay.logged('adminListening');
      expectEqual('the answer after a restart', await new AdminClient(port).logIn(), OK);
      expectEqual('whether there is a new code', existsSync(path), false);
      if (first.relay.wrote.includes(code)) throw new Error('the code is in the log');
      return { refused, again };
    },
  },
  {
    name: 'whoever is kicked by the API is out',
    run: async (scene) => {
      const environment = await scene.place();
      const { relay, door } = await scene.open(environment);
      const admin = new AdminClient(Number(environment['SIDETONE_RELAY_ADMIN_PORT']));
      expectEqual('the answer to the code', await admin.setUp((await setupCodeOf(relay)).code), OK);
      const [, bob] = await twoTalkers(scene, door);
      expectEqual('who is here', await admin.nicknames(), ['Marker-Ada', 'Marker-Bob']);
      const { status } = await admin.post('/api/kick', { member: bob.member.token, reason: 'Marker-Reason' });
      await waitFor('the end of his connection', MAX_WAIT_MS, () => (bob.connected ? null : true));
      expectEqual('who is here', await admin.nicknames(), ['Marker-Ada']);
      const stranger = await new AdminClient(Number(environment['SIDETONE_RELAY_ADMIN_PORT'])).get(
        '/api/room',
      );
      return { status, stranger: stranger.status };
    },
  },
  {
    name: 'a taken port of the admin page is said in words, and the room does not stay open without it',
    run: async (scene) => {
      const one = await scene.place();
      const { relay } = await scene.open(one);
      await relay.logged('adminListening');
      const other = await scene.start(
        await scene.place({ SIDETONE_RELAY_ADMIN_PORT: one['SIDETONE_RELAY_ADMIN_PORT'] }),
      );
      expectEqual('the exit code', (await other.ended()).code, 1);
      await other.logged('adminNotStarted');
      return { said: other.said.trim() };
    },
  },
  {
    name: 'the admin page does TLS with a certificate, on all addresses',
    run: async (scene) => {
      const folder = scene.folder();
      const { certificatePem, keyPem } = await loadOrCreateCertificate(folder);
      const [certificatePath, keyPath] = [join(folder, 'admin.pem'), join(folder, 'admin-key.pem')];
      writeFileSync(certificatePath, certificatePem);
      writeFileSync(keyPath, keyPem);
      const place = await scene.place({
        SIDETONE_RELAY_ADMIN_HOST: '0.0.0.0',
        SIDETONE_RELAY_TLS_CERTIFICATE: certificatePath,
        SIDETONE_RELAY_TLS_KEY: keyPath,
      });
      const { relay } = await scene.open(place);
      await relay.logged('adminListening');
      expectEqual('health over TLS', (await runCommand(['relay', 'health'], place, scene.folder())).code, 0);
      const plain = await new AdminClient(Number(place['SIDETONE_RELAY_ADMIN_PORT'])).get('/ready').then(
        ({ status }) => status,
        () => null,
      );
      if (plain === OK) throw new Error('it answers without TLS');
      const port = Number(place['SIDETONE_RELAY_ADMIN_PORT']);
      const before = await shownCertificate(port);
      const newer = await loadOrCreateCertificate(scene.folder());
      writeFileSync(certificatePath, newer.certificatePem);
      writeFileSync(keyPath, newer.keyPem);
      relay.child.signal('SIGHUP');
      expectEqual('what was renewed', (await relay.logged('certificateRenewed'))['of'], 'admin');
      if ((await shownCertificate(port)) === before) throw new Error('the old certificate is still shown');
      expectEqual('health after it', (await runCommand(['relay', 'health'], place, scene.folder())).code, 0);
      await relay.end('SIGTERM');
      const mixed = await scene.start({ ...place, SIDETONE_RELAY_TLS_KEY: certificatePath });
      expectEqual('the exit code with a wrong key', (await mixed.ended()).code, 1);
      expectHas('the complaint', mixed.said, 'are no certificate and its key');
      return { plain };
    },
  },
];
