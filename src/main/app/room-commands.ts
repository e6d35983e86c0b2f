import type { CommandHandlers, Outcome } from '../../contract/ipc.ts';
import { base64UrlToBytes } from '../../core/base/base64url.ts';
import { chatTextSchema, MAX_CHAT_BYTES, utf8Bytes } from '../../core/wire/chat.ts';
import {
  MAX_PASSWORD_LENGTH,
  MAX_REASON_LENGTH,
  reasonSchema,
  roomNameSchema,
} from '../../core/wire/fields.ts';
import type { Room } from './room.ts';

export interface RoomCommandParts {
  readonly room: Room;
  /** Counts an input that was refused, by its reason. */
  readonly countRefusal: (reason: string) => void;
  /** Opens an address in the system's browser. */
  readonly openLink: (url: string) => void;
}

export const DONE: Outcome = { ok: true };

export function refuse(sentence: string): { ok: false; sentence: string } {
  return { ok: false, sentence };
}

/** Checks what a person typed, with a sentence for what is wrong. */
class Typed {
  readonly #countRefusal: (reason: string) => void;

  constructor(countRefusal: (reason: string) => void) {
    this.#countRefusal = countRefusal;
  }

  name(text: string): { ok: true; text: string } | { ok: false; sentence: string } {
    const name = roomNameSchema.safeParse(text);
    return name.success
      ? { ok: true, text: name.data }
      : this.#refuse('name', 'Give a name of 1 to 64 visible characters.');
  }

  reason(text: string): { ok: true; text: string } | { ok: false; sentence: string } {
    const reason = reasonSchema.safeParse(text.trim());
    return reason.success
      ? { ok: true, text: reason.data }
      : this.#refuse('reason', `A reason has at most ${MAX_REASON_LENGTH} visible characters.`);
  }

  /** @param password null or undefined pass */
  password(password: string | null | undefined): { ok: true } | { ok: false; sentence: string } {
    if (password == null || (password.length > 0 && password.length <= MAX_PASSWORD_LENGTH))
      return { ok: true };
    return this.#refuse('password', `A password has 1 to ${MAX_PASSWORD_LENGTH} characters.`);
  }

  #refuse(reason: string, sentence: string): { ok: false; sentence: string } {
    this.#countRefusal(reason);
    return refuse(sentence);
  }
}

type ChannelCommands = Pick<
  CommandHandlers,
  'joinChannel' | 'createChannel' | 'changeChannel' | 'removeChannel'
>;

function channelCommands({ call }: Room, typed: Typed): ChannelCommands {
  return {
    async joinChannel({ channel, password }) {
      const checked = typed.password(password);
      return checked.ok ? call.joinChannel(channel, password) : checked;
    },
    async createChannel({ name, parent, config, password }) {
      const named = typed.name(name);
      const checked = typed.password(password);
      if (!named.ok) return named;
      if (!checked.ok) return checked;
      return call.request({ kind: 'createChannel', name: named.text, parent, config, password });
    },
    async changeChannel({ channel, name, config, password }) {
      const named = typed.name(name);
      const checked = typed.password(password);
      if (!named.ok) return named;
      if (!checked.ok) return checked;
      const change = { kind: 'changeChannel', channel, name: named.text, config } as const;
      return call.request(password === undefined ? change : { ...change, password });
    },
    removeChannel: ({ channel }) => call.request({ kind: 'removeChannel', channel }),
  };
}

type ModerationCommands = Pick<
  CommandHandlers,
  | 'moveMember'
  | 'muteMemberForAll'
  | 'kickMember'
  | 'banMember'
  | 'banRange'
  | 'unban'
  | 'listBans'
  | 'saveRole'
  | 'removeRole'
  | 'assignRole'
>;

function moderationCommands({ call }: Room, typed: Typed): ModerationCommands {
  return {
    moveMember: ({ token, channel }) => call.request({ kind: 'move', member: token, channel }),
    muteMemberForAll: ({ token, muted }) => call.request({ kind: 'muteForAll', member: token, muted }),
    async kickMember({ token, reason }) {
      const given = typed.reason(reason);
      return given.ok ? call.request({ kind: 'kick', member: token, reason: given.text }) : given;
    },
    async banMember({ token, by, reason, seconds }) {
      const given = typed.reason(reason);
      const member = call.members.find((candidate) => candidate.token === token);
      if (!given.ok) return given;
      if (member === undefined) return refuse('That person has left the room.');
      const subject =
        by === 'identity'
          ? ({ kind: 'identity', identity: member.identity } as const)
          : ({ kind: 'addressOf', member: token } as const);
      return call.request({ kind: 'ban', subject, reason: given.text, seconds });
    },
    async banRange({ range, reason, seconds }) {
      const given = typed.reason(reason);
      if (!given.ok) return given;
      return call.request({
        kind: 'ban',
        subject: { kind: 'range', range: range.trim() },
        reason: given.text,
        seconds,
      });
    },
    unban: ({ ban }) => call.request({ kind: 'unban', ban }),
    async listBans() {
      const listed = await call.listBans();
      if (!listed.ok) return listed;
      const bans = listed.bans.map(({ id, subject, nickname, reason, by, createdMs, untilMs }) => ({
        id,
        kind: subject.kind === 'range' ? ('range' as const) : ('identity' as const),
        subject: subject.kind === 'range' ? subject.range : nickname,
        reason,
        by,
        createdMs,
        untilMs,
      }));
      return { ok: true, bans };
    },
    async saveRole({ role, name, rank, permissions }) {
      const named = typed.name(name);
      return named.ok ? call.request({ kind: 'saveRole', role, name: named.text, rank, permissions }) : named;
    },
    removeRole: ({ role }) => call.request({ kind: 'removeRole', role }),
    async assignRole({ identity, role }) {
      if (base64UrlToBytes(identity)?.length !== 32) return refuse('That person has left the room.');
      return call.request({ kind: 'assignRole', identity, role });
    },
  };
}

type PeopleCommands = Pick<CommandHandlers, 'setMemberVolume' | 'setMemberMuted' | 'setVerified'>;

function peopleCommands({ call, people }: Room): PeopleCommands {
  const change = (token: number, values: { volume: number } | { mutedHere: boolean }): Outcome => {
    const member = call.members.find((candidate) => candidate.token === token);
    if (member === undefined) return refuse('That person has left the room.');
    people.change(member, values);
    return DONE;
  };
  return {
    setMemberVolume: async ({ token, volume }) => change(token, { volume }),
    setMemberMuted: async ({ token, muted }) => change(token, { mutedHere: muted }),
    async setVerified({ identity, verified }) {
      const member = call.members.find((candidate) => candidate.identity === identity);
      if (member === undefined) return refuse('That person has left the room.');
      people.change(member, { verified });
      return DONE;
    },
  };
}

type ChatCommands = Pick<CommandHandlers, 'sendChat' | 'getConversations' | 'loadOlderChat' | 'openLink'>;

function chatCommands(parts: RoomCommandParts): ChatCommands {
  const { room, countRefusal } = parts;
  return {
    async sendChat({ target, text }) {
      const checked = chatTextSchema.safeParse(text);
      if (checked.success) return room.sendChat(target, checked.data);
      countRefusal('chat');
      const bytes = utf8Bytes(text);
      if (bytes > MAX_CHAT_BYTES)
        return refuse(`That message is too long: ${bytes} bytes, and ${MAX_CHAT_BYTES} is the most.`);
      return refuse('That message is empty, or has characters that cannot be shown.');
    },
    getConversations: async () => room.conversations(),
    loadOlderChat: ({ channel }) => room.loadOlderChat(channel),
    async openLink({ url }) {
      if (!isWebAddress(url)) {
        countRefusal('link');
        return refuse('Sidetone opens only web addresses that begin with http:// or https://.');
      }
      parts.openLink(url);
      return DONE;
    },
  };
}

function isWebAddress(text: string): boolean {
  return URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol);
}

export type RoomCommands = ChannelCommands & ModerationCommands & PeopleCommands & ChatCommands;

/** What may be asked inside of a room. */
export function createRoomCommands(parts: RoomCommandParts): RoomCommands {
  const typed = new Typed(parts.countRefusal);
  return {
    ...channelCommands(parts.room, typed),
    ...moderationCommands(parts.room, typed),
    ...peopleCommands(parts.room),
    ...chatCommands(parts),
  };
}
