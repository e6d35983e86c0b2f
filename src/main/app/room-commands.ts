import type { CommandHandlers, Outcome } from '../../contract/ipc.ts';
import { chatTextSchema, MAX_CHAT_BYTES, utf8Bytes } from '../../core/wire/chat.ts';
import type { Request } from '../../core/wire/control.ts';
import type { Room } from './room.ts';
import { DONE, refuse, Typed } from './typed.ts';

export interface RoomCommandParts {
  readonly room: Room;
  /** Counts an input that was refused, by its reason. */
  readonly countRefusal: (reason: string) => void;
  /** Opens an address in the system's browser. */
  readonly openLink: (url: string) => void;
}

/** Asks the relay for something, if it is anything that relays understand. */
async function ask({ call }: Room, typed: Typed, request: Request): Promise<Outcome> {
  const checked = typed.request(request);
  return checked.ok ? call.request(checked.value) : checked;
}

type ChannelCommands = Pick<
  CommandHandlers,
  'joinChannel' | 'createChannel' | 'changeChannel' | 'removeChannel'
>;

function channelCommands(room: Room, typed: Typed): ChannelCommands {
  return {
    async joinChannel({ channel, password }) {
      const checked = typed.password(password);
      if (!checked.ok) return checked;
      if (channel === null) return room.call.joinChannel(null, null);
      const asked = typed.request({ kind: 'join', channel });
      return asked.ok ? room.call.joinChannel(channel, password) : asked;
    },
    async createChannel({ name, parent, config, password }) {
      const named = typed.name(name, 'the channel');
      const checked = typed.password(password);
      if (!named.ok) return named;
      if (!checked.ok) return checked;
      return ask(room, typed, { kind: 'createChannel', name: named.value, parent, config, password });
    },
    async changeChannel({ channel, name, config, password }) {
      const named = typed.name(name, 'the channel');
      const checked = typed.password(password);
      if (!named.ok) return named;
      if (!checked.ok) return checked;
      const change = { kind: 'changeChannel', channel, name: named.value, config } as const;
      return ask(room, typed, password === undefined ? change : { ...change, password });
    },
    removeChannel: ({ channel }) => ask(room, typed, { kind: 'removeChannel', channel }),
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

function moderationCommands(room: Room, typed: Typed): ModerationCommands {
  return {
    moveMember: ({ token, channel }) => ask(room, typed, { kind: 'move', member: token, channel }),
    muteMemberForAll: ({ token, muted }) => ask(room, typed, { kind: 'muteForAll', member: token, muted }),
    async kickMember({ token, reason }) {
      const given = typed.reason(reason);
      return given.ok ? ask(room, typed, { kind: 'kick', member: token, reason: given.value }) : given;
    },
    async banMember({ token, by, reason, seconds }) {
      const given = typed.reason(reason);
      const member = room.call.members.find((candidate) => candidate.token === token);
      if (!given.ok) return given;
      if (member === undefined) return refuse('That person has left the room.');
      const subject =
        by === 'identity'
          ? ({ kind: 'identity', identity: member.identity } as const)
          : ({ kind: 'addressOf', member: token } as const);
      return ask(room, typed, { kind: 'ban', subject, reason: given.value, seconds });
    },
    async banRange({ range, reason, seconds }) {
      const given = typed.reason(reason);
      if (!given.ok) return given;
      const subject = { kind: 'range', range: range.trim() } as const;
      return ask(room, typed, { kind: 'ban', subject, reason: given.value, seconds });
    },
    unban: ({ ban }) => ask(room, typed, { kind: 'unban', ban }),
    async listBans() {
      const listed = await room.call.listBans();
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
      const named = typed.name(name, 'the role');
      if (!named.ok) return named;
      return ask(room, typed, { kind: 'saveRole', role, name: named.value, rank, permissions });
    },
    removeRole: ({ role }) => ask(room, typed, { kind: 'removeRole', role }),
    assignRole: ({ identity, role }) => ask(room, typed, { kind: 'assignRole', identity, role }),
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

function chatCommands({ room, openLink }: RoomCommandParts, typed: Typed): ChatCommands {
  return {
    async sendChat({ target, text }) {
      const checked = chatTextSchema.safeParse(text);
      if (checked.success) return room.sendChat(target, checked.data);
      const bytes = utf8Bytes(text);
      return typed.refuse(
        'chat',
        bytes > MAX_CHAT_BYTES
          ? `That message is too long: ${bytes} bytes, and ${MAX_CHAT_BYTES} is the most.`
          : 'That message is empty, or has characters that cannot be shown.',
      );
    },
    getConversations: async () => room.conversations(),
    async loadOlderChat({ channel }) {
      const checked = typed.request({ kind: 'history', channel, before: null });
      return checked.ok ? room.loadOlderChat(channel) : checked;
    },
    async openLink({ url }) {
      const address = readWebAddress(url);
      if (address === null)
        return typed.refuse('link', 'Sidetone opens only web addresses that begin with http:// or https://.');
      openLink(address);
      return DONE;
    },
  };
}

/** @returns the address in its usual spelling, null when it is none of the web */
function readWebAddress(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const { protocol, href } = new URL(text);
  return protocol === 'http:' || protocol === 'https:' ? href : null;
}

export type RoomCommands = ChannelCommands & ModerationCommands & PeopleCommands & ChatCommands;

/** What may be asked inside of a room. */
export function createRoomCommands(parts: RoomCommandParts): RoomCommands {
  const typed = new Typed(parts.countRefusal);
  return {
    ...channelCommands(parts.room, typed),
    ...moderationCommands(parts.room, typed),
    ...peopleCommands(parts.room),
    ...chatCommands(parts, typed),
  };
}
