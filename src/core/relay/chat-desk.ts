import type { ChatMessage } from '../wire/chat.ts';
import type { ClientMessage } from '../wire/control.ts';
import type { RefusalCode } from '../wire/refusal.ts';
import type { ControlParts } from './control-parts.ts';
import type { RelayOut } from './relay-out.ts';
import { type Session, storedSession } from './session.ts';

/**
 * How long acknowledgements wait before the store is told of all of them at once, in ms. A relay that dies in
 * between delivers again, and the client's `resume` says what it had.
 */
export const SEEN_FLUSH_MS = 1_000;

type ChatClientMessage = Extract<ClientMessage, { type: 'chat' }>;

/** Chat: taken once, numbered for everybody it goes to, kept until it has arrived. */
export class ChatDesk {
  readonly #parts: ControlParts;
  #lastMessageId: number;
  #flushMs: number | null = null;

  constructor(parts: ControlParts) {
    this.#parts = parts;
    this.#lastMessageId = parts.options.snapshot.lastMessageId;
  }

  handleChat(session: Session, chat: ChatClientMessage, nowMs: number, out: RelayOut): void {
    const { counters, lanes } = this.#parts;
    const lane = this.#parts.sessions.laneOf(session);
    if (lane === undefined) return;
    counters.chats += 1;
    if (chat.id <= session.chatTaken) {
      counters.chatsRepeated += 1;
      this.#tellTaken(session, out);
      return;
    }
    const refusal = this.#take(session, chat, nowMs, out);
    if (refusal === null) {
      counters.chatsTaken += 1;
      return;
    }
    counters.chatsRefused += 1;
    counters.messagesRefused += 1;
    lanes.refuse(lane, refusal, null, out, { chat: chat.id });
  }

  /** Everything up to `seen` has arrived. */
  handleSeen(session: Session, seen: number, nowMs: number, out: RelayOut): void {
    this.#parts.counters.deliveriesSeen += session.inbox.acknowledge(seen);
    this.#parts.sessions.sendChat(session, out);
    if (session.inbox.unstoredSeen !== null) this.#flushMs ??= nowMs + SEEN_FLUSH_MS;
  }

  handleDeadline(nowMs: number): void {
    if (this.#flushMs === null || nowMs < this.#flushMs) return;
    const { ledger, sessions } = this.#parts;
    const due: { readonly session: Session; readonly seen: number }[] = [];
    for (const session of sessions.all()) {
      const seen = session.inbox.unstoredSeen;
      if (seen !== null) due.push({ session, seen });
    }
    const saved = ledger.write((store) => {
      for (const { session, seen } of due) {
        store.removeDeliveries(session.member.token, seen);
        // The newest number must outlive the deliveries that showed it.
        store.saveSession(storedSession(session));
      }
    });
    this.#flushMs = saved ? null : nowMs + SEEN_FLUSH_MS;
    if (saved) for (const { session, seen } of due) session.inbox.handleStored(seen);
  }

  nextDeadlineMs(): number | null {
    return this.#flushMs;
  }

  #take(session: Session, chat: ChatClientMessage, nowMs: number, out: RelayOut): RefusalCode | null {
    if (!session.chats.take(nowMs)) return 'chatTooFast';
    const recipients = this.#recipients(session, chat);
    if (typeof recipients === 'string') return recipients;
    const { member } = session;
    const message: ChatMessage = {
      id: this.#lastMessageId + 1,
      from: { identity: member.identity, nickname: member.nickname },
      to: chat.to,
      text: chat.text,
      sentMs: this.#parts.wallMs(nowMs),
    };
    if (!this.#store(session, chat.id, message, recipients)) return 'storageFailed';
    this.#lastMessageId = message.id;
    session.chatTaken = chat.id;
    session.lastTaken = { message: message.id, sentMs: message.sentMs };
    this.#tellTaken(session, out);
    for (const recipient of recipients) this.#deliver(recipient, message, out);
    return null;
  }

  /** Who gets it besides the one who wrote it; or why nobody does. */
  #recipients(session: Session, { to, text }: ChatClientMessage): Session[] | RefusalCode {
    const { room, sessions } = this.#parts;
    // Bots and gateways do not write, and nobody reads what is written to them.
    if (session.member.kind !== 'person') return 'notAllowed';
    if (to.kind === 'member') {
      const recipient = sessions.findIdentity(to.identity);
      if (recipient?.member.kind !== 'person') return 'unknownMember';
      if (recipient === session) return [];
      return recipient.inbox.makesWay(text) === null ? [recipient] : 'inboxFull';
    }
    const channel = room.channels.get(to.channel);
    if (channel === undefined) return 'unknownChannel';
    if (session.member.channel !== channel) return 'notAllowed';
    const recipients: Session[] = [];
    for (const member of channel.members) {
      if (member.kind !== 'person') continue;
      const recipient = sessions.find(member.token);
      if (recipient !== undefined && recipient !== session) recipients.push(recipient);
    }
    return recipients;
  }

  #store(session: Session, id: number, message: ChatMessage, recipients: readonly Session[]): boolean {
    const { to } = message;
    const channel = to.kind === 'channel' ? this.#parts.room.channels.get(to.channel) : undefined;
    return this.#parts.ledger.write((store) => {
      for (const { member, inbox } of recipients) {
        const upTo = inbox.makesWay(message.text);
        if (upTo !== null) store.removeDeliveries(member.token, upTo);
        store.saveDelivery({ token: member.token, delivery: inbox.delivered + 1, message });
      }
      if (channel !== undefined && channel.info.config.historyDays > 0) store.saveMessage(message);
      store.saveSession(storedSession(session, { chatTaken: id }));
    });
  }

  #deliver(recipient: Session, message: ChatMessage, out: RelayOut): void {
    const { counters, sessions } = this.#parts;
    const { inbox } = recipient;
    // Only what was said in a channel comes this far: what is for one person was refused.
    const upTo = inbox.makesWay(message.text);
    if (upTo !== null) counters.deliveriesDropped += inbox.drop(upTo);
    inbox.add(message);
    counters.deliveries += 1;
    sessions.sendChat(recipient, out);
  }

  /** Says again, or for the first time, which chat was taken last. After a restart the welcome has said it. */
  #tellTaken(session: Session, out: RelayOut): void {
    const { chatTaken, lastTaken, member } = session;
    if (lastTaken === null || member.lane === null) return;
    out.sendControl(member.lane, { type: 'chatTaken', id: chatTaken, ...lastTaken });
  }
}
