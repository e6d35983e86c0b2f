import type { GroupPort } from './app/ports.ts';
import type { KeyTurns } from './bots/key-turns.ts';

/** A bot's key group whose longer work is done when it is the bot's turn. */
export function groupInTurns(group: GroupPort, bot: number, turns: KeyTurns): GroupPort {
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => turns.run(bot, work);
  return {
    get epoch() {
      return group.epoch;
    },
    get groupId() {
      return group.groupId;
    },
    get epochAuthenticator() {
      return group.epochAuthenticator;
    },
    members: () => group.members(),
    createPackage: () => inTurn(() => group.createPackage()),
    create: (groupId) => inTurn(() => group.create(groupId)),
    commit: (change) => inTurn(() => group.commit(change)),
    acceptOwnCommit: () => group.acceptOwnCommit(),
    rejectOwnCommit: () => group.rejectOwnCommit(),
    applyCommit: (commit) => inTurn(() => group.applyCommit(commit)),
    join: (welcome, groupId) => inTurn(() => group.join(welcome, groupId)),
    mediaKeys: () => inTurn(() => group.mediaKeys()),
    clear: () => group.clear(),
  };
}
