import { z } from 'zod';
import { DEFAULT_VISITS_PER_NETWORK, MAX_VISITS } from '../../core/program/programs.ts';
import { hostSetting, MAX_PORT, pathSetting, portSetting, type SettingText } from './setting-kinds.ts';
import {
  MAX_SIGNALLING_ROBOTS,
  MAX_SIGNALLING_UPLINKS,
  parseRobot,
  parseUplink,
} from './signalling-settings.ts';

/** Fewest UDP ports for WebRTC: every browser that listens takes one. */
const MIN_WEBRTC_PORTS = 10;

/** UDP ports as `first-last`. @returns null when it is not that */
export function parsePortRange(text: string): { readonly first: number; readonly last: number } | null {
  const match = /^(\d{1,5})-(\d{1,5})$/.exec(text);
  const [first, last] = [Number(match?.[1]), Number(match?.[2])];
  const fits = first >= 1 && last <= MAX_PORT && last - first + 1 >= MIN_WEBRTC_PORTS;
  return fits ? { first, last } : null;
}

const line = z.string().min(1).max(1_024);

/** The settings of how the room is heard from outside. */
export const listeningShape = {
  listening: z.boolean().default(true),
  listen_host: z.union([z.literal(''), hostSetting]).default(''),
  listen_port: portSetting.default(48_482),
  rtsp_port: z.union([z.literal(0), portSetting]).default(8_554),
  listen_certificate: pathSetting.optional(),
  listen_key: pathSetting.optional(),
  listeners_per_address: z.number().int().min(1).max(MAX_VISITS).default(DEFAULT_VISITS_PER_NETWORK),
  secrets_in_the_clear: z.boolean().default(false),
  webrtc_ports: z
    .string()
    .refine((text) => text === '' || parsePortRange(text) !== null, 'is no range of ports')
    .default(''),
  signalling_uplinks: z
    .array(line.refine((text) => parseUplink(text) !== null, 'is no uplink'))
    .max(MAX_SIGNALLING_UPLINKS)
    .default([]),
  signalling_robots: z
    .array(line.refine((text) => parseRobot(text) !== null, 'is no robot'))
    .max(MAX_SIGNALLING_ROBOTS)
    .default([]),
};

export const listeningTexts: Readonly<Record<keyof typeof listeningShape, SettingText>> = {
  listening: {
    kind: 'switch',
    expects: 'true or false',
    about: [
      'Whether channels may be heard by programs and browsers that are no members. Each channel has a switch',
      'of its own, which is off; the ports below are open only while one of them is on.',
    ],
  },
  listen_host: {
    kind: 'text',
    expects: 'a host name or an address of this machine, or empty',
    about: ['Where listeners are let in. Empty: on all addresses of this machine.'],
  },
  listen_port: {
    kind: 'number',
    expects: `a whole number from 1 to ${MAX_PORT}`,
    about: ['TCP port of the listener page, of streams, and of publishers; plain and over TLS.'],
  },
  rtsp_port: {
    kind: 'number',
    expects: `a whole number from 0 to ${MAX_PORT}`,
    about: ['TCP port of RTSP. 0: none.'],
  },
  listen_certificate: {
    kind: 'text',
    expects: 'the path of a PEM file',
    about: [
      'Certificate for listeners, with its chain. Without it: that of the admin page, if there is one, else the',
      "room's own, which browsers warn of; links then lead to plain http. A newer one in the same files is taken over",
      'within a minute, or when the relay is told to reload.',
    ],
    example: '"/etc/sidetone/listen.pem"',
  },
  listen_key: {
    kind: 'text',
    expects: 'the path of a PEM file',
    about: ['Private key that belongs to it.'],
    example: '"/etc/sidetone/listen-key.pem"',
  },
  listeners_per_address: {
    kind: 'number',
    expects: `a whole number from 1 to ${MAX_VISITS}`,
    about: ['Listeners that one address may have at a time (one /64 network of IPv6).'],
  },
  secrets_in_the_clear: {
    kind: 'switch',
    expects: 'true or false',
    about: [
      "Takes passwords and publishers' keys over connections that are not encrypted too. For source clients that",
      'know no TLS, in networks where nobody listens in.',
    ],
  },
  webrtc_ports: {
    kind: 'text',
    expects: `a range of at least ${MIN_WEBRTC_PORTS} ports, like "50000-50100", or empty`,
    about: ['UDP ports for WebRTC, to be opened in the firewall. Empty: any.'],
  },
  signalling_uplinks: {
    kind: 'list',
    expects: `a list of up to ${MAX_SIGNALLING_UPLINKS} texts "<address> robot=<id> key=<key> channel=<name>"`,
    about: [
      'Other relays through which a channel is heard, for a room that nobody reaches from outside. Behind each may',
      'stand reconnect=<seconds>, and the word header: the key then goes in a header instead of the address.',
      'Keys need not stand in this file: give the whole list in the environment.',
    ],
    example: '["wss://relay.example.org/webrtc-relay robot=studio key=secret channel=lobby header"]',
  },
  signalling_robots: {
    kind: 'list',
    expects: `a list of up to ${MAX_SIGNALLING_ROBOTS} texts "<id> key=<key>", keys of at least 16 characters`,
    about: [
      'Rooms that may be heard through this relay (/webrtc-relay), and the key each connects with. With',
      'viewer=<key> behind it, only who gives that key hears the room. The ports are open all the time then.',
    ],
    example: '["studio key=0123456789abcdef viewer=fedcba9876543210"]',
  },
};
