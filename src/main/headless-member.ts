import { randomInt } from 'node:crypto';
import { createRng } from '../core/base/rng.ts';
import type { KeyMessage, OwnKeyMessage } from '../core/session/session-engine.ts';
import type { HearingReport } from '../core/wire/hearing.ts';
import { Call, type CallOptions } from './app/call.ts';
import { ChannelKeys, type ChannelKeysOptions } from './app/channel-keys.ts';
import type { GroupPort } from './app/ports.ts';
import { ControlLane } from './control/control-lane.ts';
import { OwnIdentity } from './keys/own-identity.ts';

/** Where a member without a window logs in. */
export interface HeadlessRelay {
  readonly address: string;
  readonly port: number;
  /** base64url. */
  readonly certificateSha256: string;
}

export interface HeadlessMemberOptions {
  readonly relay: HeadlessRelay;
  readonly nickname: string;
  readonly identity: OwnIdentity;
  readonly voice: CallOptions['voice'] & ChannelKeysOptions['voice'];
  readonly createGroup: () => GroupPort;
  /** Before it is worked off. */
  readonly onKeyMessage: (message: KeyMessage) => void;
  /** @returns false when there is no connection: it did not go out */
  readonly sendKey: (message: OwnKeyMessage, send: () => boolean) => boolean;
  /** Place, members or connection changed. */
  readonly onDidChange: () => void;
  /** Put out of the room for good. */
  readonly onDidDrop: (sentence: string) => void;
}

type Outcome = Awaited<ReturnType<Call['join']>>;

/** A place in the room: login, roster and the keys of its channel, as any member has them. */
export interface HeadlessMember {
  readonly token: number | null;
  /** Null: in none, or not connected. */
  readonly channel: number | null;
  readonly connected: boolean;
  /** Somebody else is in its channel. */
  readonly inCompany: boolean;
  join(): Promise<Outcome>;
  joinChannel(channel: number): Promise<Outcome>;
  sendLaneDatagram(bytes: Uint8Array): void;
  sendHearing(reports: readonly HearingReport[]): void;
  leave(): void;
}

/** Kept nowhere: whoever has it lives no longer than this thread. */
export function createPassingIdentity(): OwnIdentity {
  return new OwnIdentity(
    { storage: 'file', load: () => ({ ok: true, seed: null }), save: () => undefined },
    '',
  );
}

/** Connects the parts that any member is made of, without a window. Decides nothing. */
export function openHeadlessMember(options: HeadlessMemberOptions): HeadlessMember {
  const { relay, nickname, identity, voice, onDidDrop } = options;
  const { address: host, port, certificateSha256 } = relay;
  const call = new Call({
    rng: createRng(randomInt(2 ** 32)),
    voice,
    people: { knownRelay: () => null, rememberRelay: () => undefined },
    identity: () => identity,
    openLane: (request) => new ControlLane(request),
    onDidChange: () => {
      if (call.connected) keys.handleRoster(call.channel, performance.now());
      options.onDidChange();
    },
    onDidWelcome: ({ resumed }) => (resumed ? keys.handleResumed() : keys.handleNewSession()),
    onDidEnd: () => keys.handleNewSession(),
    onDidDrop,
    onProblem: () => undefined,
    onKeyMessage: (message) => {
      options.onKeyMessage(message);
      keys.handleMessage(message);
    },
    onDidRefuseKey: (code) => keys.handleRefused(code),
    onWhisperKey: () => undefined,
    onChat: () => undefined,
    onDidSettleChat: () => undefined,
    onHistory: () => undefined,
  });
  const keys = new ChannelKeys({
    createGroup: options.createGroup,
    ownIdentity: () => identity.publicKey,
    members: () => call.members,
    voice,
    send: (message) => options.sendKey(message, () => call.sendKey(message)),
    // Nobody compares codes with it.
    groupCode: () => '',
    onDidChange: () => undefined,
  });
  return {
    get token() {
      return call.token;
    },
    get channel() {
      return call.channel;
    },
    get connected() {
      return call.connected;
    },
    get inCompany() {
      const { token } = call;
      const own = call.members.find((member) => member.token === token)?.channel ?? null;
      return own !== null && call.members.some((member) => member.channel === own && member.token !== token);
    },
    join: () => call.join({ host, port, certificateSha256, roomName: null }, nickname, null),
    joinChannel: (channel) => call.joinChannel(channel, null),
    sendLaneDatagram: (bytes) => call.sendLaneDatagram(bytes),
    sendHearing: (reports) => call.sendHearing(reports),
    leave: () => call.leave(),
  };
}
