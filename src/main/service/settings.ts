import { z } from 'zod';
import { roomConfigSchema } from '../../contract/admin.ts';
import { MAX_CHANNELS } from '../../core/wire/channels.ts';
import { DEFAULT_PORT } from '../../core/wire/control.ts';
import { identitySchema, roomNameSchema } from '../../core/wire/fields.ts';
import { listeningShape, listeningTexts } from './listening-settings.ts';
import { hostSetting, MAX_PORT, pathSetting, portSetting, type SettingText } from './setting-kinds.ts';

/** Most threads that share the sending, as many as the largest machine a room would need has cores. */
const MAX_SENDER_THREADS = 16;

/** Members of a room unless somebody says otherwise: what a small server and its line carry without a thought. */
const DEFAULT_MAX_MEMBERS = 200;

/** Most names this relay answers to. */
const MAX_PUBLIC_HOSTS = 16;

const LOG_LEVELS = ['error', 'warn', 'info'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The settings of `sidetone relay`, spelled as in the config file. What has no default may be left out. */
export const settingsSchema = z.strictObject({
  data_folder: pathSetting.optional(),
  room_name: roomNameSchema.default('Sidetone'),
  port: portSetting.default(DEFAULT_PORT),
  max_members: roomConfigSchema.shape.maxMembers.default(DEFAULT_MAX_MEMBERS),
  channels: z.array(roomNameSchema).min(1).max(MAX_CHANNELS).optional(),
  owner_identity: identitySchema.optional(),
  public_hosts: z.array(hostSetting).max(MAX_PUBLIC_HOSTS).default([]),
  voice_socket: z.enum(['auto', 'batched', 'dgram']).default('auto'),
  sender_threads: z.number().int().min(0).max(MAX_SENDER_THREADS).default(0),
  admin: z.boolean().default(true),
  admin_host: hostSetting.default('127.0.0.1'),
  admin_port: portSetting.default(48_481),
  tls_certificate: pathSetting.optional(),
  tls_key: pathSetting.optional(),
  behind_proxy: z.boolean().default(false),
  proxy_addresses: z
    .array(z.string().min(1).max(64))
    .min(1)
    .max(MAX_PUBLIC_HOSTS)
    .default(['127.0.0.1', '::1']),
  metrics_token: z
    .string()
    .min(22)
    .max(256)
    .regex(/^[\x21-\x7e]+$/)
    .optional(),
  ...listeningShape,
  log_level: z.enum(LOG_LEVELS).default('info'),
});
export type Settings = z.infer<typeof settingsSchema>;
export type SettingName = keyof Settings;

const nameSentence = 'text of 1 to 64 visible characters';

/** What people are told about each setting; the order is that of the commented file. */
export const settingTexts: Readonly<Record<SettingName, SettingText>> = {
  room_name: {
    kind: 'text',
    expects: nameSentence,
    about: ['What the room calls itself.'],
  },
  port: {
    kind: 'number',
    expects: `a whole number from 1 to ${MAX_PORT}`,
    about: ['TCP and UDP port of the room. Open both in the firewall.'],
  },
  max_members: {
    kind: 'number',
    expects: 'a whole number from 1 to 5000',
    about: ['Members that the room admits at once.'],
  },
  public_hosts: {
    kind: 'list',
    expects: 'a list of host names or addresses, without ports',
    about: [
      'Names and addresses that others reach this machine by. The first stands in the invite link;',
      'the admin page answers to all of them. Empty: the first address of this machine.',
    ],
    example: '["voice.example.org"]',
  },
  channels: {
    kind: 'list',
    expects: `a list of 1 to ${MAX_CHANNELS} names of 1 to 64 visible characters`,
    about: ['Channels of a room that is opened for the first time; later they are changed in the room.'],
    example: '["Lobby", "Games"]',
  },
  owner_identity: {
    kind: 'text',
    expects: 'the 43 characters of an identity, as Sidetone shows it',
    about: ['Identity of the person who is always admin in the room, from their Sidetone.'],
    example: '"…"',
  },
  data_folder: {
    kind: 'text',
    expects: 'the path of a folder',
    about: [
      'Where the database, the certificate and the accounts are kept. Without it: the StateDirectory of',
      "systemd, else a folder in the user's own data.",
    ],
    example: '"/var/lib/sidetone"',
  },
  voice_socket: {
    kind: 'text',
    expects: '"auto", "batched" or "dgram"',
    about: [
      'How voice is sent: "batched" is our own addon, "dgram" is Node\'s; "auto" takes the addon if it is there.',
    ],
  },
  sender_threads: {
    kind: 'number',
    expects: `a whole number from 0 to ${MAX_SENDER_THREADS}`,
    about: ['Further threads that share the sending, for machines with cores to spare. Needs the addon.'],
  },
  admin: {
    kind: 'switch',
    expects: 'true or false',
    about: ['Whether there is an admin page.'],
  },
  admin_host: {
    kind: 'text',
    expects: 'a host name or an address of this machine',
    about: ['Where the admin page listens. Anything but this machine itself needs a certificate, below.'],
  },
  admin_port: {
    kind: 'number',
    expects: `a whole number from 1 to ${MAX_PORT}`,
    about: ['TCP port of the admin page.'],
  },
  tls_certificate: {
    kind: 'text',
    expects: 'the path of a PEM file',
    about: [
      'Certificate of the admin page, with its chain. The room itself makes its own. A newer one in the same files',
      'is taken over within a minute, or when the relay is told to reload.',
    ],
    example: '"/etc/sidetone/admin.pem"',
  },
  tls_key: {
    kind: 'text',
    expects: 'the path of a PEM file',
    about: ['Private key that belongs to it.'],
    example: '"/etc/sidetone/admin-key.pem"',
  },
  behind_proxy: {
    kind: 'switch',
    expects: 'true or false',
    about: ['Whether a proxy of yours stands in front of the admin page and does TLS for it.'],
  },
  proxy_addresses: {
    kind: 'list',
    expects: 'a list of addresses or ranges of them',
    about: ['Where that proxy asks from: it alone is believed for whom it asks.'],
  },
  metrics_token: {
    kind: 'text',
    expects: 'a secret of 22 to 256 characters without spaces',
    about: ['Lets a collector on another machine read /metrics of the admin page, as its bearer token.'],
    example: '"…"',
  },
  ...listeningTexts,
  log_level: {
    kind: 'text',
    expects: LOG_LEVELS.map((level) => `"${level}"`)
      .join(', ')
      .replace(/, ([^,]*)$/, ' or $1'),
    about: ['How much is logged. Names and addresses never are.'],
  },
};

/** In the order of the commented file. */
export const settingNames = Object.keys(settingTexts) as SettingName[];

/** What every setting without a value is; the ones that may be left out are missing. */
export const defaultSettings: Settings = settingsSchema.parse({});

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(settingTexts, name);
}
