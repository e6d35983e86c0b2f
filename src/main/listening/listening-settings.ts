import { createHash, randomBytes } from 'node:crypto';
import type { SaveListening } from '../../contract/admin.ts';
import {
  LISTENER_USER,
  LISTENING_REALM,
  type ListeningAccess,
  type PasswordHashes,
  type ProgramSource,
} from '../../core/program/listening.ts';

/** Bytes of a key that lets somebody listen or publish: nobody guesses 128 bits. */
const KEY_BYTES = 16;

/** Listeners of a channel unless somebody says otherwise: what a house line carries at 48 kbit/s each. */
export const DEFAULT_MAX_LISTENERS = 200;

/** How one channel may be listened to, as it is kept. */
export interface ListeningSettings {
  readonly channel: number;
  readonly source: ProgramSource;
  readonly access: ListeningAccess;
  /** 22 characters of base64url. */
  readonly linkKey: string;
  readonly password: PasswordHashes | null;
  /** Null: nobody may publish. 22 characters of base64url. */
  readonly publishKey: string | null;
  readonly talk: boolean;
  readonly maxListeners: number;
}

/** What is to change; what is left out stays. */
export type SettingsChange = Omit<SaveListening, 'listeners'>;

/** `sentence` is for people. */
export type SettingsResult =
  | { readonly ok: true; readonly settings: ListeningSettings }
  | { readonly ok: false; readonly sentence: string };

export function drawKey(): string {
  return randomBytes(KEY_BYTES).toString('base64url');
}

/** Those of a channel that is opened for the first time: heard by who has the link, and by nobody else. */
export function firstSettings(channel: number): ListeningSettings {
  return {
    channel,
    source: 'conversation',
    access: 'link',
    linkKey: drawKey(),
    password: null,
    publishKey: null,
    talk: false,
    maxListeners: DEFAULT_MAX_LISTENERS,
  };
}

/** As digest authentication needs it (RFC 7616, section 3.4.2); the password itself is kept nowhere. */
export function hashPassword(password: string): PasswordHashes {
  const text = `${LISTENER_USER}:${LISTENING_REALM}:${password}`;
  const hash = (algorithm: string): string => createHash(algorithm).update(text).digest('hex');
  return { md5: hash('md5'), sha256: hash('sha256') };
}

export function changeSettings(before: ListeningSettings, change: SettingsChange): SettingsResult {
  const { source = before.source, access = before.access } = change;
  const { talk = before.talk, maxListeners = before.maxListeners } = change;
  const password = changedPassword(before.password, change.password);
  if (access === 'password' && password === null) {
    return { ok: false, sentence: 'Listening by password needs a listening password: give the channel one.' };
  }
  const becomesPublishers = source === 'publisher' && before.source !== 'publisher';
  const publish = change.publish ?? (becomesPublishers || before.publishKey !== null);
  const publishKey = publish ? (before.publishKey ?? drawKey()) : null;
  const settings = { ...before, source, access, password, publishKey, talk, maxListeners };
  return { ok: true, settings };
}

function changedPassword(
  before: PasswordHashes | null,
  password: string | null | undefined,
): PasswordHashes | null {
  if (password === undefined) return before;
  return password === null ? null : hashPassword(password);
}
