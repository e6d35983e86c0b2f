import type { Attack } from './attack.ts';
import { chatFlood } from './attacks/chat-flood.ts';
import {
  forgedKeys,
  keyFlood,
  rubbishCommitter,
  senselessCommitter,
  silentCommitter,
} from './attacks/forged-keys.ts';
import { formerMember } from './attacks/former-member.ts';
import { fuzzControl } from './attacks/fuzz-control.ts';
import { fuzzDatagrams } from './attacks/fuzz-datagrams.ts';
import { loginReplay } from './attacks/login-replay.ts';
import { moderation } from './attacks/moderation.ts';
import { passwordGuessing } from './attacks/passwords.ts';
import { replayedDatagrams } from './attacks/replayed-datagrams.ts';
import { silentConnections } from './attacks/silent-connections.ts';
import { slowReader } from './attacks/slow-reader.ts';
import { stolenSession } from './attacks/stolen-session.ts';
import { stolenToken } from './attacks/stolen-token.ts';
import { voiceRights } from './attacks/voice-rights.ts';

/** Every attack, in the order they are tried. */
export const ATTACKS: readonly Attack[] = [
  stolenToken,
  replayedDatagrams,
  stolenSession,
  formerMember,
  forgedKeys,
  keyFlood,
  silentCommitter,
  senselessCommitter,
  rubbishCommitter,
  fuzzControl,
  fuzzDatagrams,
  silentConnections,
  slowReader,
  chatFlood,
  passwordGuessing,
  voiceRights,
  moderation,
  loginReplay,
];
