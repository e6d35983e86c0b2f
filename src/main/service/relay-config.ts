import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { nearestName } from './nearest-name.ts';
import type { SettingKind } from './setting-kinds.ts';
import {
  isSettingName,
  type SettingName,
  type Settings,
  settingNames,
  settingsSchema,
  settingTexts,
} from './settings.ts';

/** Every setting can be given in the environment: this, and its name in capitals. */
const ENVIRONMENT_PREFIX = 'SIDETONE_RELAY_';

/** Names the config file. */
const CONFIG_VARIABLE = 'SIDETONE_RELAY_CONFIG';

/** Read where no other file is named, if it is there. */
const SYSTEM_CONFIG_PATH = '/etc/sidetone/relay.toml';

/** A config file is a page of text; more is another file. */
const MAX_CONFIG_LENGTH = 65_536;

/** Hosts that only this machine itself reaches. */
const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|localhost)$/;

/** What a relay is started with. */
export interface RelayConfig extends Settings {
  readonly data_folder: string;
  /** Null: there is none. */
  readonly configPath: string | null;
}

/** `sentences` are for people, one per mistake. */
export type ConfigResult =
  | { readonly ok: true; readonly config: RelayConfig }
  | { readonly ok: false; readonly sentences: readonly string[] };

export interface ConfigRequest {
  /** From the command line; null: not given. */
  readonly path: string | null;
  readonly environment: NodeJS.ProcessEnv;
  /** Where data is kept when neither a setting nor systemd says so. */
  readonly defaultFolder: string;
  readonly systemPath?: string;
}

/** Where a value was found, for a sentence about it. */
interface Source {
  readonly value: unknown;
  readonly place: string;
}

/** What a file or the environment gave, and what was wrong with it. */
class Findings {
  readonly values = new Map<SettingName, Source>();
  readonly sentences: string[] = [];
}

/** Which file to read, and whether it is a mistake when it is not there. */
function chooseFile(request: ConfigRequest): { readonly path: string; readonly required: boolean } {
  const named = request.path ?? request.environment[CONFIG_VARIABLE] ?? '';
  if (named !== '') return { path: named, required: true };
  return { path: request.systemPath ?? SYSTEM_CONFIG_PATH, required: false };
}

function unknownSentence(name: string, place: string, meant: string | null): string {
  const hint =
    meant === null ? 'See "sidetone relay init" for the settings there are.' : `Did you mean ${meant}?`;
  return `${name} in ${place} is not a setting. ${hint}`;
}

/** @returns null when there is no such file; otherwise its text, or a sentence */
function readText(path: string, required: boolean): { text: string } | { sentence: string } | null {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.length > MAX_CONFIG_LENGTH) return { sentence: `${path} is far too long for a config file.` };
    return { text };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ENOENT')
      return required
        ? { sentence: `The config file ${path} does not exist. "sidetone relay init" writes one.` }
        : null;
    const why = code === 'EACCES' ? 'this user may not read it' : code === 'EISDIR' ? 'it is a folder' : code;
    return { sentence: `The config file ${path} could not be read: ${why}.` };
  }
}

function readFile(path: string, text: string, findings: Findings): void {
  let table: Record<string, unknown>;
  try {
    table = parse(text, { maxDepth: 8 });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const what = error.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '') ?? '';
    findings.sentences.push(`${path}, line ${error.line}: this is not TOML (${what}).`);
    return;
  }
  for (const [name, value] of Object.entries(table)) {
    if (isSettingName(name)) findings.values.set(name, { value, place: path });
    else findings.sentences.push(unknownSentence(name, path, nearestName(name, settingNames)));
  }
}

/** A value as the environment spells it; what cannot be read as its kind stays text, and is refused later. */
function fromText(text: string, kind: SettingKind): unknown {
  switch (kind) {
    case 'number':
      return /^\d+$/.test(text.trim()) ? Number(text) : text;
    case 'switch': {
      const word = text.trim().toLowerCase();
      if (['true', 'yes', 'on', '1'].includes(word)) return true;
      return ['false', 'no', 'off', '0'].includes(word) ? false : text;
    }
    case 'list':
      return text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');
    default:
      return text;
  }
}

function readEnvironment(environment: NodeJS.ProcessEnv, findings: Findings): void {
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(ENVIRONMENT_PREFIX) || variable === CONFIG_VARIABLE || text === undefined)
      continue;
    const name = variable.slice(ENVIRONMENT_PREFIX.length).toLowerCase();
    if (isSettingName(name) && variable === environmentName(name)) {
      // Empty is how many tools say "not set".
      if (text !== '')
        findings.values.set(name, {
          value: fromText(text, settingTexts[name].kind),
          place: 'the environment',
        });
      continue;
    }
    const meant = nearestName(name, settingNames);
    const spelled = meant !== null && isSettingName(meant) ? environmentName(meant) : null;
    findings.sentences.push(unknownSentence(variable, 'the environment', spelled));
  }
}

/** The variable that gives a setting. */
export function environmentName(name: SettingName): string {
  return `${ENVIRONMENT_PREFIX}${name.toUpperCase()}`;
}

/** The admin page is reached from other machines, and does no TLS itself. */
function openWithoutTls(settings: Settings): string[] {
  if (!settings.behind_proxy)
    return [
      'admin_host opens the admin page to the network, where passwords would travel unencrypted. ' +
        'Give tls_certificate and tls_key, or leave admin_host at 127.0.0.1 and put a proxy in front of it.',
    ];
  if (settings.proxy_addresses.some((address) => !LOOPBACK.test(address))) return [];
  return [
    'behind_proxy with this admin_host means that the proxy is on another machine. ' +
      'Give its address in proxy_addresses, or leave admin_host at 127.0.0.1.',
  ];
}

/** Ports that somebody else of ours has, and halves of a pair. */
function listeningClashes(settings: Settings): string[] {
  const { admin, admin_port, listen_certificate, listen_key, listen_port, port, rtsp_port } = settings;
  const found: string[] = [];
  if ((listen_certificate === undefined) !== (listen_key === undefined))
    found.push('listen_certificate and listen_key belong together: give both, or neither.');
  const taken = admin ? [port, admin_port] : [port];
  if (taken.includes(listen_port))
    found.push(
      `listen_port is ${listen_port}, which the room or its admin page has. Give listeners another.`,
    );
  if ([...taken, listen_port].includes(rtsp_port))
    found.push(`rtsp_port is ${rtsp_port}, which another setting has. Give RTSP a port of its own, or 0.`);
  return found;
}

/** Settings that are right by themselves and unsafe or senseless together. */
function clashes(settings: Settings): string[] {
  const { admin, admin_host, admin_port, port, tls_certificate, tls_key } = settings;
  const found: string[] = [];
  if (settings.voice_socket === 'dgram' && settings.sender_threads > 0)
    found.push(
      'sender_threads needs the addon, and voice_socket = "dgram" does without it. Change one of them.',
    );
  if (settings.listening) found.push(...listeningClashes(settings));
  if (!admin) return found;
  if (admin_port === port)
    found.push(`port and admin_port are both ${port}. Give the admin page a port of its own.`);
  if ((tls_certificate === undefined) !== (tls_key === undefined))
    found.push('tls_certificate and tls_key belong together: give both, or neither.');
  else if (tls_certificate === undefined && !LOOPBACK.test(admin_host.toLowerCase()))
    found.push(...openWithoutTls(settings));
  return found;
}

/** Every mistake once, in the words of the setting it is about. */
function mistakes(values: Record<string, unknown>, findings: Findings): string[] {
  const checked = settingsSchema.safeParse(values);
  if (checked.success) return clashes(checked.data);
  const names = new Set(checked.error.issues.map((issue) => String(issue.path[0])));
  return [...names].filter(isSettingName).map((name) => {
    const place = findings.values.get(name)?.place ?? 'the config';
    const spelled = place === 'the environment' ? environmentName(name) : name;
    return `${spelled} in ${place} cannot be used. It must be ${settingTexts[name].expects}.`;
  });
}

/** The folder systemd made for the service (systemd.exec(5), StateDirectory=); the first where there are several. */
function stateDirectory(environment: NodeJS.ProcessEnv): string | null {
  const first = environment.STATE_DIRECTORY?.split(':')[0] ?? '';
  return first === '' ? null : first;
}

/**
 * Reads the settings: out of the file named on the command line, else by SIDETONE_RELAY_CONFIG, else
 * /etc/sidetone/relay.toml if it is there; each may be overridden by the environment. Never throws for what people
 * write.
 */
export function readRelayConfig(request: ConfigRequest): ConfigResult {
  const findings = new Findings();
  const file = chooseFile(request);
  const read = readText(file.path, file.required);
  if (read !== null && 'sentence' in read) findings.sentences.push(read.sentence);
  if (read !== null && 'text' in read) readFile(file.path, read.text, findings);
  readEnvironment(request.environment, findings);
  const values = Object.fromEntries([...findings.values].map(([name, { value }]) => [name, value]));
  findings.sentences.push(...mistakes(values, findings));
  if (findings.sentences.length > 0) return { ok: false, sentences: findings.sentences };
  const settings = settingsSchema.parse(values);
  const folder = settings.data_folder ?? stateDirectory(request.environment) ?? request.defaultFolder;
  const configPath = read === null ? null : file.path;
  return { ok: true, config: { ...settings, data_folder: folder, configPath } };
}

/** In the data folder: a file of ours. */
export function dataPath(config: RelayConfig, name: string): string {
  return join(config.data_folder, name);
}
