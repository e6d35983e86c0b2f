import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commentedConfig } from './config-file.ts';
import { readRelayConfig } from './relay-config.ts';
import { defaultSettings, settingNames, settingsSchema } from './settings.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidetone-config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function read(environment: NodeJS.ProcessEnv = {}, path: string | null = null) {
  return readRelayConfig({
    path,
    environment,
    defaultFolder: '/data',
    systemPath: join(folder, 'system.toml'),
  });
}

function config(...given: Parameters<typeof read>) {
  const result = read(...given);
  if (!result.ok) throw new Error(result.sentences.join('\n'));
  return result.config;
}

function sentences(...given: Parameters<typeof read>): string {
  const result = read(...given);
  return result.ok ? '' : result.sentences.join('\n');
}

describe('readRelayConfig', () => {
  it('starts without any file, with the defaults', () => {
    expect(config()).toEqual({ ...defaultSettings, data_folder: '/data', configPath: null });
  });

  it('takes the file of the command line, else of the environment, else of the system', () => {
    write('system.toml', 'room_name = "System"');
    const named = write('named.toml', 'room_name = "Named"');
    const given = write('given.toml', 'room_name = "Given"');
    expect(config().room_name).toBe('System');
    expect(config({ SIDETONE_RELAY_CONFIG: named }).room_name).toBe('Named');
    expect(config({ SIDETONE_RELAY_CONFIG: named }, given).room_name).toBe('Given');
  });

  it('lets the environment win, in every kind of value', () => {
    const path = write('relay.toml', 'port = 1000\nadmin = true\nchannels = ["One"]\nroom_name = "File"');
    const environment = {
      SIDETONE_RELAY_PORT: '2000',
      SIDETONE_RELAY_ADMIN: 'no',
      SIDETONE_RELAY_CHANNELS: 'Lobby, Games',
      SIDETONE_RELAY_ROOM_NAME: '',
    };
    expect(config(environment, path)).toMatchObject({
      port: 2000,
      admin: false,
      channels: ['Lobby', 'Games'],
      room_name: 'File',
    });
  });

  it('keeps data where systemd says, unless a setting says otherwise', () => {
    expect(config({ STATE_DIRECTORY: '/var/lib/a:/var/lib/b' }).data_folder).toBe('/var/lib/a');
    const environment = { STATE_DIRECTORY: '/var/lib/a', SIDETONE_RELAY_DATA_FOLDER: '/srv' };
    expect(config(environment).data_folder).toBe('/srv');
  });

  it('names what is not a setting, and what was probably meant', () => {
    const path = write('relay.toml', 'prot = 1\nroomname = "x"\nxyzzy = 1');
    const said = sentences({ SIDETONE_RELAY_MAX_MEMBER: '3' }, path);
    expect(said).toContain('prot in');
    expect(said).toContain('Did you mean port?');
    expect(said).toContain('Did you mean room_name?');
    expect(said).toContain('xyzzy in');
    expect(said).toContain('Did you mean SIDETONE_RELAY_MAX_MEMBERS?');
  });

  it.each([
    ['port = 0', 'It must be a whole number from 1 to 65535.'],
    ['port = 65536', 'It must be a whole number from 1 to 65535.'],
    ['port = "48480"', 'It must be a whole number'],
    ['max_members = 5001', 'from 1 to 5000'],
    ['room_name = ""', 'It must be text of 1 to 64 visible characters.'],
    ['voice_socket = "fast"', '"auto", "batched" or "dgram"'],
    ['log_level = "loud"', '"error", "warn" or "info"'],
    ['owner_identity = "me"', 'the 43 characters of an identity'],
    ['public_hosts = ["voice.example.org:48480"]', 'without ports'],
    ['admin_host = "no host"', 'a host name or an address'],
    ['listen_host = "no host"', 'or empty'],
    ['rtsp_port = -1', 'from 0 to 65535'],
    ['listeners_per_address = 0', 'from 1 to 10000'],
    ['webrtc_ports = "50000"', 'like "50000-50100"'],
    ['webrtc_ports = "50000-50008"', 'at least 10 ports'],
    ['webrtc_ports = "65530-65540"', 'a range of'],
    ['signalling_uplinks = ["ftp://example.org robot=a key=b channel=c"]', '"<address> robot=<id>'],
    ['signalling_robots = ["studio key=short"]', 'at least 16 characters'],
    ['port = ', 'line 1: this is not TOML'],
  ])('refuses %s in words', (line, words) => {
    expect(sentences({}, write('relay.toml', line))).toContain(words);
  });

  it('says which variable cannot be used', () => {
    expect(sentences({ SIDETONE_RELAY_PORT: 'many' })).toContain('SIDETONE_RELAY_PORT in the environment');
  });

  it.each([
    ['admin_host = "0.0.0.0"', 'unencrypted'],
    ['admin_host = "0.0.0.0"\nbehind_proxy = true', 'proxy_addresses'],
    ['tls_key = "/k"', 'belong together'],
    ['port = 9\nadmin_port = 9', 'a port of its own'],
    ['voice_socket = "dgram"\nsender_threads = 2', 'needs the addon'],
    ['listen_certificate = "/c"', 'listen_certificate and listen_key belong together'],
    ['port = 9\nlisten_port = 9', 'listen_port is 9'],
    ['listen_port = 48481', 'admin page has'],
    ['rtsp_port = 48482', 'rtsp_port is 48482'],
  ])('refuses what is unsafe or senseless together: %s', (lines, words) => {
    expect(sentences({}, write('relay.toml', lines))).toContain(words);
  });

  it.each([
    'admin_host = "0.0.0.0"\ntls_certificate = "/c"\ntls_key = "/k"',
    'admin_host = "0.0.0.0"\nbehind_proxy = true\nproxy_addresses = ["10.0.0.2"]',
    'admin_host = "::1"',
    'public_hosts = ["voice.example.org", "192.0.2.1", "2001:db8::1"]',
    'admin = false\nadmin_host = "0.0.0.0"',
    'admin = false\nlisten_port = 48481',
    'listening = false\nport = 9\nlisten_port = 9',
    'rtsp_port = 0\nwebrtc_ports = "50000-50009"\nlisten_host = "::1"',
  ])('takes what is safe: %s', (lines) => {
    expect(sentences({}, write('relay.toml', lines))).toBe('');
  });

  it('says that a named file is not there, or cannot be read', () => {
    expect(sentences({}, join(folder, 'none.toml'))).toContain('does not exist');
    expect(sentences({}, folder)).toContain('it is a folder');
  });
});

describe('commentedConfig', () => {
  it('changes nothing as it is, and has every setting', () => {
    expect(config({}, write('relay.toml', commentedConfig()))).toMatchObject(defaultSettings);
    for (const name of settingNames) expect(commentedConfig()).toMatch(new RegExp(`^#${name} = `, 'm'));
    expect(settingNames.toSorted()).toEqual(Object.keys(settingsSchema.shape).toSorted());
  });

  it('is a config file when its lines are taken out of their comments', () => {
    const lines = commentedConfig()
      .replaceAll(/^#(\w)/gm, '$1')
      .replace('"…"', `"${'A'.repeat(43)}"`);
    expect(sentences({}, write('relay.toml', lines.replace('"…"', `"${'x'.repeat(22)}"`)))).toBe('');
  });
});
