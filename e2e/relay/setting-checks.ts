import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../rig/free-port.ts';
import { runCommand } from './relay-under-test.ts';
import { type Check, expectEqual, expectHas } from './scene.ts';

/** A setting cannot be used. */
const EXIT_CONFIG = 78;

const EXIT_USAGE = 2;

/** Files that nobody but the owner may read. */
const OTHERS = 0o077;

export const settingChecks: readonly Check[] = [
  {
    name: 'starts with its defaults in an empty folder',
    run: async (scene) => {
      const home = scene.folder();
      const relay = await scene.start({
        XDG_DATA_HOME: home,
        SIDETONE_RELAY_PORT: String(await freePort()),
        SIDETONE_RELAY_ADMIN_PORT: String(await freePort()),
      });
      await relay.logged('listening');
      const socket = await relay.logged('voiceSocket');
      const link = await relay.logged('inviteWritten');
      const folder = join(home, 'sidetone/server');
      expectHas('the path of the invite', String(link['path']), folder);
      expectHas('the invite', readFileSync(String(link['path']), 'utf8'), 'sidetone://');
      expectEqual('how it ended', (await relay.end('SIGTERM')).code, 0);
      const open = readdirSync(folder).filter((name) => (statSync(join(folder, name)).mode & OTHERS) !== 0);
      expectEqual('files that others can read', open, []);
      expectEqual('lines that are no log', relay.strays, []);
      return { voiceSocket: String(socket['kind']) };
    },
  },
  {
    name: 'refuses settings in words',
    run: async (scene) => {
      const refused = async (text: string, ...words: string[]): Promise<void> => {
        const answer = await runCommand(['relay', '--config', scene.config(text)], {}, scene.folder());
        expectEqual(`the exit code of ${text}`, answer.code, EXIT_CONFIG);
        for (const word of words) expectHas('the complaint', answer.said, word);
      };
      await refused('prot = 5000\nmax_members = 0', 'Did you mean port?', 'from 1 to 5000');
      await refused('admin_host = "0.0.0.0"', 'unencrypted');
      await refused('port = = 1', 'line 1', 'not TOML');
      const command = await runCommand(['relay', '--confg', 'x'], {}, scene.folder());
      expectEqual('the exit code of an unknown option', command.code, EXIT_USAGE);
      expectHas('the complaint', command.said, 'Did you mean --config?');
      return {};
    },
  },
  {
    name: 'writes a config file that it can read, and none over another',
    run: async (scene) => {
      const path = join(scene.folder(), 'relay.toml');
      expectEqual('the exit code', (await runCommand(['relay', 'init', path], {}, scene.folder())).code, 0);
      const again = await runCommand(['relay', 'init', path], {}, scene.folder());
      expectEqual('the exit code of a second time', again.code, 1);
      expectHas('the complaint', again.said, 'it is there already');
      const health = await runCommand(['relay', 'health', '--config', path], {}, scene.folder());
      expectEqual('what health says with it', health.said, '');
      return {};
    },
  },
  {
    name: 'lets the environment win over the file',
    run: async (scene) => {
      const environment = await scene.place();
      const config = scene.config('port = 1024\nadmin = false\nroom_name = "File"');
      const { relay, door } = await scene.open({ ...environment, SIDETONE_RELAY_CONFIG: config });
      expectEqual('the port', String(door.port), environment['SIDETONE_RELAY_PORT']);
      expectEqual('whether there is an admin page', relay.lines[0]?.['admin'], false);
      return {};
    },
  },
  {
    name: 'says that its port is taken',
    run: async (scene) => {
      const environment = await scene.place();
      const other = createServer().listen(Number(environment['SIDETONE_RELAY_PORT']));
      scene.defer(() => other.close());
      const relay = await scene.start(environment);
      expectEqual('the exit code', (await relay.ended()).code, 1);
      expectHas('the complaint', relay.said, 'is taken on this machine');
      expectEqual('the code in the log', (await relay.logged('relayNotStarted'))['code'], 'portInUse');
      return {};
    },
  },
];
