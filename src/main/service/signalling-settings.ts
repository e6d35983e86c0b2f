import { createHash } from 'node:crypto';

/** Most rooms that one relay stands in for, and most other relays that one room goes to. */
export const MAX_SIGNALLING_ROBOTS = 64;
export const MAX_SIGNALLING_UPLINKS = 8;

/** Waiting before a connection to somebody else's relay is tried again, in seconds, unless the setting says otherwise. */
const DEFAULT_RECONNECT_SECONDS = 5;
const MAX_RECONNECT_SECONDS = 3_600;

/** A key that others connect with is not to be guessed; whether theirs is long enough is their business. */
const MIN_OWN_KEY_LENGTH = 16;
const MAX_KEY_LENGTH = 256;

const ROBOT_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** A room’s way out through somebody else’s relay, as the gateways take it. */
export interface UplinkSetting {
  readonly url: string;
  readonly robotId: string;
  readonly apiKey: string;
  readonly channel: string;
  readonly reconnectMs: number;
  readonly credentialsInHeader: boolean;
}

/** A room that may be reached through this relay. */
export interface RobotSetting {
  readonly robotId: string;
  readonly apiKeySha256: string;
  readonly viewerKeySha256: string | null;
}

/** The words of a setting: the first as it is, `name=value` and bare words behind it; null: not so, or one twice. */
function readWords(
  text: string,
  known: readonly string[],
): { first: string; values: Map<string, string> } | null {
  const [first = '', ...rest] = text.trim().split(/\s+/);
  const values = new Map<string, string>();
  for (const word of rest) {
    const at = word.indexOf('=');
    const name = at === -1 ? word : word.slice(0, at);
    if (!known.includes(name) || values.has(name)) return null;
    values.set(name, at === -1 ? '' : word.slice(at + 1));
  }
  return { first, values };
}

/**
 * `<address> robot=<id> key=<key> channel=<name> [reconnect=<seconds>] [header]`
 *
 * @returns null when it is not that
 */
export function parseUplink(text: string): UplinkSetting | null {
  const words = readWords(text, ['robot', 'key', 'channel', 'reconnect', 'header']);
  if (words === null) return null;
  const { first: url, values } = words;
  if (!URL.canParse(url) || !/^(https?|wss?):$/.test(new URL(url).protocol)) return null;
  const {
    robot = '',
    key = '',
    channel = '',
    reconnect = String(DEFAULT_RECONNECT_SECONDS),
  } = Object.fromEntries(values);
  const seconds = /^\d{1,4}$/.test(reconnect) ? Number(reconnect) : 0;
  if (!ROBOT_ID.test(robot) || key === '' || key.length > MAX_KEY_LENGTH || channel === '') return null;
  if (seconds < 1 || seconds > MAX_RECONNECT_SECONDS || (values.get('header') ?? '') !== '') return null;
  return {
    url,
    robotId: robot,
    apiKey: key,
    channel,
    reconnectMs: seconds * 1_000,
    credentialsInHeader: values.has('header'),
  };
}

/**
 * `<id> key=<key> [viewer=<key>]`
 *
 * @returns null when it is not that; keys as their hashes, so that they stand nowhere else
 */
export function parseRobot(text: string): RobotSetting | null {
  const words = readWords(text, ['key', 'viewer']);
  if (words === null) return null;
  const { first: robotId, values } = words;
  const viewer = values.get('viewer');
  if (!ROBOT_ID.test(robotId) || !isOwnKey(values.get('key') ?? '')) return null;
  if (viewer !== undefined && !isOwnKey(viewer)) return null;
  return {
    robotId,
    apiKeySha256: sha256(values.get('key') ?? ''),
    viewerKeySha256: viewer === undefined ? null : sha256(viewer),
  };
}

function isOwnKey(key: string): boolean {
  return key.length >= MIN_OWN_KEY_LENGTH && key.length <= MAX_KEY_LENGTH;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
