import type { CommandHandlers } from '../../contract/ipc.ts';
import { MAX_BOOKMARKS } from '../../contract/limits.ts';
import { parseJoinTarget } from '../../core/wire/invite.ts';
import type { Bindings } from './bindings.ts';
import type { BookmarksPort, IdentityPort, SettingsPort } from './ports.ts';
import type { Room } from './room.ts';
import { relayName } from './trust.ts';
import { DONE, refuse, Typed } from './typed.ts';
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

function whisperCommands(parts: OwnCommandParts, typed: Typed): WhisperCommands {
  const { room, settings, bindings } = parts;
  return {
    async saveWhisperList({ list, name, targets }) {
      const named = typed.name(name, 'the list');
      if (!named.ok) return named;
      const lists = settings.current.whisperLists;
      const known = lists.find(({ id }) => id === list);
      if (known === undefined && lists.length >= MAX_KEPT_WHISPER_LISTS)
        return refuse(`There are ${MAX_KEPT_WHISPER_LISTS} lists already. Remove one first.`);
      const id = known?.id ?? Math.max(0, ...lists.map((other) => other.id)) + 1;
      const saved = {
        id,
        name: named.value,
        targets: [...new Set(targets)],
        binding: known?.binding ?? null,
      };
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
      return bindings.setCapturing({ kind: 'whisper', key }, capturing)
        ? DONE
        : refuse('That whisper list is gone.');
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

function bookmarkCommands(parts: OwnCommandParts, typed: Typed): BookmarkCommands {
  const { room, bookmarks } = parts;
  return {
    async saveBookmark({ id, name, address, port, nickname, password }) {
      const parsed = parseJoinTarget(`${bracketed(address.trim())}:${port}`);
      const named = typed.name(name, 'the bookmark');
      const called = typed.nickname(nickname);
      const checked = typed.password(password);
      if (!parsed.ok) return typed.refuse(`joinTarget.${parsed.reason}`, parsed.sentence);
      if (!named.ok) return named;
      if (!called.ok) return called;
      if (!checked.ok) return checked;
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
          name: named.value,
          address: host,
          port,
          nickname: called.value,
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

/** An IPv6 address stands in brackets where a port follows. */
function bracketed(address: string): string {
  return address.includes(':') && !address.startsWith('[') ? `[${address}]` : address;
}

type IdentityCommands = Pick<CommandHandlers, 'exportIdentity' | 'importIdentity'>;

function identityCommands(parts: OwnCommandParts): IdentityCommands {
  return {
    exportIdentity: ({ passphrase }) => parts.identity().exportTo(passphrase),
    async importIdentity({ text, passphrase }) {
      const imported = await parts.room.call.whileOutside(() =>
        parts.identity().importFrom(text, passphrase),
      );
      if (imported === null)
        return refuse('Leave the room first: there you are known by the identity you have.');
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
  const typed = new Typed(parts.countRefusal);
  return {
    ...whisperCommands(parts, typed),
    ...bookmarkCommands(parts, typed),
    ...identityCommands(parts),
  };
}
