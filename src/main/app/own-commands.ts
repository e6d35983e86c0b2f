import type { CommandHandlers } from '../../contract/ipc.ts';
import { MAX_BOOKMARKS } from '../../contract/limits.ts';
import { nicknameSchema, roomNameSchema } from '../../core/wire/fields.ts';
import { parseJoinTarget } from '../../core/wire/invite.ts';
import { refusalSentence } from '../../core/wire/refusal.ts';
import type { Bindings } from './bindings.ts';
import type { BookmarksPort, IdentityPort, SettingsPort } from './ports.ts';
import type { Room } from './room.ts';
import { DONE, refuse } from './room-commands.ts';
import { relayName } from './trust.ts';
import { MAX_KEPT_WHISPER_LISTS } from './whispers.ts';

export interface OwnCommandParts {
  readonly room: Room;
  readonly settings: SettingsPort;
  readonly bookmarks: BookmarksPort;
  readonly bindings: Bindings;
  readonly identity: () => IdentityPort;
  readonly announce: () => void;
  readonly countRefusal: (reason: string) => void;
}

type WhisperCommands = Pick<
  CommandHandlers,
  | 'saveWhisperList'
  | 'removeWhisperList'
  | 'captureWhisperBinding'
  | 'clearWhisperBinding'
  | 'setWhisperButton'
>;

function whisperCommands(parts: OwnCommandParts): WhisperCommands {
  const { room, settings, bindings, countRefusal } = parts;
  return {
    async saveWhisperList({ list, name, targets }) {
      const named = roomNameSchema.safeParse(name);
      if (!named.success) {
        countRefusal('name');
        return refuse('Give the list a name of 1 to 64 visible characters.');
      }
      const lists = settings.current.whisperLists;
      const known = lists.find(({ id }) => id === list);
      if (known === undefined && lists.length >= MAX_KEPT_WHISPER_LISTS)
        return refuse(`There are ${MAX_KEPT_WHISPER_LISTS} lists already. Remove one first.`);
      const id = known?.id ?? Math.max(0, ...lists.map((other) => other.id)) + 1;
      const saved = { id, name: named.data, targets: [...new Set(targets)], binding: known?.binding ?? null };
      settings.update({ whisperLists: [...lists.filter((other) => other.id !== id), saved] });
      room.whispers.handleRoster();
      parts.announce();
      return DONE;
    },
    async removeWhisperList({ list }) {
      settings.update({ whisperLists: settings.current.whisperLists.filter(({ id }) => id !== list) });
      bindings.forgetList(list);
      room.whispers.handleRoster();
      parts.announce();
      return DONE;
    },
    async captureWhisperBinding({ key, capturing }) {
      bindings.setCapturing({ kind: 'whisper', key }, capturing);
      return DONE;
    },
    async clearWhisperBinding({ key }) {
      bindings.set({ kind: 'whisper', key }, null);
      return DONE;
    },
    async setWhisperButton({ target, down }) {
      room.whispers.setHeld('button', target, down);
      return DONE;
    },
  };
}

type BookmarkCommands = Pick<
  CommandHandlers,
  'saveBookmark' | 'bookmarkThisRoom' | 'removeBookmark' | 'joinBookmark'
>;

function bookmarkCommands(parts: OwnCommandParts): BookmarkCommands {
  const { room, bookmarks, countRefusal } = parts;
  return {
    async saveBookmark({ id, name, address, port, nickname, password }) {
      const parsed = parseJoinTarget(address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`);
      const named = roomNameSchema.safeParse(name);
      const called = nicknameSchema.safeParse(nickname);
      if (!parsed.ok || !named.success || !called.success) {
        countRefusal('bookmark');
        if (!parsed.ok) return refuse(parsed.sentence);
        return refuse(
          named.success
            ? refusalSentence('nicknameInvalid')
            : 'Give the bookmark a name of 1 to 64 visible characters.',
        );
      }
      const known = bookmarks.list();
      const before = known.find((bookmark) => bookmark.id === id);
      if (before === undefined && known.length >= MAX_BOOKMARKS)
        return refuse(`There are ${MAX_BOOKMARKS} bookmarks already. Remove one first.`);
      const { host } = parsed.target;
      // Another machine has another certificate: what is remembered of the old one says nothing about it.
      const same = before?.address === host && before.port === port;
      bookmarks.save(
        {
          id: before?.id ?? null,
          name: named.data,
          address: host,
          port,
          nickname: called.data,
          certificateSha256: same ? before.certificateSha256 : null,
        },
        password,
      );
      parts.announce();
      return DONE;
    },
    async bookmarkThisRoom() {
      const { target, roomName, server } = room.call;
      const own = room.call.members.find(({ token }) => token === room.call.token);
      if (target === null || own === undefined) return refuse('You are in no room that could be kept.');
      const known = bookmarks.list();
      if (known.some(({ address, port }) => address === target.host && port === target.port))
        return refuse(`${relayName(target)} is among your bookmarks already.`);
      if (known.length >= MAX_BOOKMARKS)
        return refuse(`There are ${MAX_BOOKMARKS} bookmarks already. Remove one first.`);
      bookmarks.save(
        {
          id: null,
          name: roomName,
          address: target.host,
          port: target.port,
          nickname: own.nickname,
          certificateSha256: server,
        },
        room.call.password,
      );
      parts.announce();
      return DONE;
    },
    async removeBookmark({ id }) {
      bookmarks.remove(id);
      parts.announce();
      return DONE;
    },
    async joinBookmark({ id }) {
      const bookmark = bookmarks.list().find((candidate) => candidate.id === id);
      if (bookmark === undefined) return refuse('That bookmark is gone.');
      const { address: host, port, certificateSha256, name, nickname } = bookmark;
      const target = { host, port, certificateSha256, roomName: name };
      return room.call.join(target, nickname, bookmarks.password(id));
    },
  };
}

type IdentityCommands = Pick<CommandHandlers, 'exportIdentity' | 'importIdentity'>;

function identityCommands(parts: OwnCommandParts): IdentityCommands {
  return {
    exportIdentity: ({ passphrase }) => parts.identity().exportTo(passphrase),
    async importIdentity({ text, passphrase }) {
      if (!parts.room.call.idle)
        return refuse('Leave the room first: there you are known by the identity you have.');
      const imported = await parts.identity().importFrom(text, passphrase);
      if (!imported.ok) parts.countRefusal('importIdentity');
      parts.announce();
      return imported;
    },
  };
}

/** What belongs to this person: identity, bookmarks, whisper lists. */
export function createOwnCommands(
  parts: OwnCommandParts,
): WhisperCommands & BookmarkCommands & IdentityCommands {
  return { ...whisperCommands(parts), ...bookmarkCommands(parts), ...identityCommands(parts) };
}
