import type { CommandHandlers } from '../../contract/ipc.ts';
import type { MockStage } from './mock-stage.ts';
import { sceneState } from './scenes.ts';

type HomeHandlers = Pick<
  CommandHandlers,
  | 'join'
  | 'leave'
  | 'host'
  | 'stopHosting'
  | 'openDashboard'
  | 'setInviteAddress'
  | 'saveBookmark'
  | 'bookmarkThisRoom'
  | 'removeBookmark'
  | 'joinBookmark'
  | 'exportIdentity'
  | 'importIdentity'
>;

/** How long the made-up way into a room takes, in ms. */
const CONNECT_MS = 900;

const EXPORTED = `sidetone-identity:${'N3uG0mBq7xTzKc1y'.repeat(8)}`;

/** Rooms and identity before anything is entered. "bad" is no computer, "locked" asks for the password "open". */
export function homeHandlers(stage: MockStage): HomeHandlers {
  const enter = (relay: string) => {
    setTimeout(() => {
      if (stage.state.connection.phase !== 'connecting') return;
      const { connection, channels, roles, members, ownRules, whispers } = sceneState('room');
      void stage.change({ connection, channels, roles, members, ownRules, whispers });
    }, CONNECT_MS);
    return stage.change({ connection: { phase: 'connecting', relay } });
  };
  return {
    join: ({ target, password }) => {
      if (target === 'bad')
        return stage.refuse('There is no computer called “bad”. Check the name, or ask for the link again.');
      if (target === 'locked' && password !== 'open') return stage.refuse('The room asks for a password.');
      return enter(target);
    },
    leave: () => stage.change({ connection: { phase: 'idle' }, members: [], channels: [], roles: [] }),
    host: () =>
      stage.refuse('Port 48480 is used by another program. Choose another port under “Address and port”.'),
    stopHosting: () => stage.change({ hosting: { phase: 'off' } }),
    openDashboard: async () => ({ ok: true, link: null }),
    setInviteAddress: ({ address }) =>
      stage.state.hosting.phase === 'on'
        ? stage.change({ hosting: { ...stage.state.hosting, address } })
        : stage.refuse('You host no room.'),
    saveBookmark: ({ id, name, address, port, nickname, password }) => {
      const before = stage.state.bookmarks.find((one) => one.id === id);
      const hasPassword = password === undefined ? (before?.hasPassword ?? false) : password !== null;
      const saved = { id: id ?? stage.nextId(), name, address, port, nickname, hasPassword };
      return stage.change({
        bookmarks:
          before === undefined
            ? [...stage.state.bookmarks, saved]
            : stage.state.bookmarks.map((one) => (one.id === id ? saved : one)),
      });
    },
    bookmarkThisRoom: () => {
      const { connection, bookmarks, nickname, notices } = stage.state;
      if (connection.phase !== 'connected') return stage.refuse('You are in no room.');
      const [address = '', port = ''] = connection.relay.split(':');
      const id = stage.nextId();
      const kept = {
        id,
        name: connection.roomName,
        address,
        port: Number(port),
        nickname,
        hasPassword: false,
      };
      const told = { id, severity: 'info' as const, text: `${connection.roomName} is among your rooms now.` };
      return stage.change({ bookmarks: [...bookmarks, kept], notices: [...notices, told] });
    },
    removeBookmark: ({ id }) =>
      stage.change({ bookmarks: stage.state.bookmarks.filter((one) => one.id !== id) }),
    joinBookmark: ({ id }) => enter(stage.state.bookmarks.find((one) => one.id === id)?.address ?? ''),
    exportIdentity: () => Promise.resolve({ ok: true, text: EXPORTED }),
    importIdentity: ({ text, passphrase }) =>
      text === EXPORTED && passphrase !== 'wrong one'
        ? stage.change({ identity: { ...stage.state.identity, publicKey: 'Zk9'.repeat(14), problem: '' } })
        : stage.refuse('The passphrase does not fit this text.'),
  };
}
