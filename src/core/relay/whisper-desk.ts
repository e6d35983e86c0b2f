import { type ClientMessage, MAX_WHISPER_LISTS, type Request } from '../wire/control.ts';
import { WHISPER_LIST_BIT } from '../wire/datagram.ts';
import { type Answer, DONE, refused } from './answer.ts';
import type { ControlParts } from './control-parts.ts';
import type { RelayOut } from './relay-out.ts';
import type { Member } from './room.ts';
import type { Session } from './session.ts';

type ListRequest = Extract<Request, { kind: 'whisperList' }>;
type KeyMessage = Extract<ClientMessage, { type: 'whisperKey' }>;

/** Whisper lists, and whisper keys on their way from one member to another. Who may whisper is asked per datagram. */
export class WhisperDesk {
  readonly #parts: ControlParts;

  constructor(parts: ControlParts) {
    this.#parts = parts;
  }

  register(session: Session, request: ListRequest): Answer {
    const { room, sessions } = this.#parts;
    const { list } = request;
    const targets = [...new Set(request.targets)];
    const lists = new Map(session.member.whisperLists);
    if (list < WHISPER_LIST_BIT) return refused('badMessage');
    if (targets.some((token) => room.find(token) === undefined)) return refused('unknownMember');
    if (targets.length === 0) lists.delete(list);
    else lists.set(list, targets);
    if (lists.size > MAX_WHISPER_LISTS) return refused('tooManyLists');
    const whisperLists = Array.from(lists, ([id, members]) => ({ list: id, targets: members }));
    if (!sessions.save(session, { whisperLists })) return refused('storageFailed');
    if (targets.length === 0) session.member.whisperLists.delete(list);
    else session.member.whisperLists.set(list, targets);
    return DONE;
  }

  /** Hands a sealed key on, unread. Nothing waits for a member who is away: the key is sent again after the return. */
  passKey(from: Member, message: KeyMessage, out: RelayOut): void {
    const { counters, room } = this.#parts;
    const to = room.find(message.to);
    const gateway = from.kind === 'listeners' || to?.kind === 'listeners';
    if (to === undefined || to === from || to.lane === null || gateway) {
      counters.whisperKeysDropped += 1;
      return;
    }
    counters.whisperKeysPassed += 1;
    const { target, sealed } = message;
    out.sendControl(to.lane, { type: 'whisperKeyFrom', from: from.token, target, sealed });
  }
}
