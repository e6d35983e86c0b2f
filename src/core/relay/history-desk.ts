import { asksForPassword, judgeChannelAction } from '../permissions/judge.ts';
import { type ChatMessage, MAX_HISTORY_PAGE } from '../wire/chat.ts';
import { MAX_CONTROL_LENGTH, type Request } from '../wire/control.ts';
import { type Answer, DONE, forbidden, refused } from './answer.ts';
import type { ControlParts } from './control-parts.ts';
import { historyStartMs } from './history.ts';
import type { RelayOut } from './relay-out.ts';
import type { Channel, Member } from './room.ts';

/** How often what is too old is taken out of the store, in ms. Reading passes it over in the meantime. */
export const HISTORY_SWEEP_MS = 3_600_000;

/** What the answer holds besides its messages, in characters, generously. */
const ENVELOPE_LENGTH = 256;

type HistoryRequest = Extract<Request, { kind: 'history' }>;

/** Chat for those who come later, and its end. */
export class HistoryDesk {
  readonly #parts: ControlParts;
  #sweepMs: number;

  constructor(parts: ControlParts) {
    this.#parts = parts;
    this.#sweepMs = parts.options.startMs;
  }

  read(member: Member, request: HistoryRequest, nowMs: number, out: RelayOut): Answer {
    const channel = this.#parts.room.channels.get(request.channel);
    if (channel === undefined) return refused('unknownChannel');
    const refusal = this.#judge(member, channel);
    if (refusal !== null) return refusal;
    const { id, config } = channel.info;
    // One more than is shown tells whether there is more.
    const read = this.#parts.ledger.read((store) =>
      config.historyDays === 0 ? [] : store.readHistory(id, request.before, MAX_HISTORY_PAGE + 1),
    );
    if (read === null) return refused('storageFailed');
    const startMs = historyStartMs(config, this.#parts.wallMs(nowMs));
    const kept = read.filter((message) => message.sentMs >= startMs);
    const messages = newestThatFit(kept);
    const complete = messages.length === kept.length;
    if (member.lane !== null) {
      out.sendControl(member.lane, { type: 'history', channel: id, messages, complete });
    }
    return DONE;
  }

  handleDeadline(nowMs: number): void {
    if (nowMs < this.#sweepMs) return;
    this.#sweepMs = nowMs + HISTORY_SWEEP_MS;
    const { ledger, room } = this.#parts;
    const kept = Array.from(room.channels.values()).filter(hasHistory);
    if (kept.length === 0) return;
    const wallMs = this.#parts.wallMs(nowMs);
    ledger.write((store) => {
      for (const { info } of kept) store.expireHistory(info.id, historyStartMs(info.config, wallMs));
    });
  }

  nextDeadlineMs(): number | null {
    for (const channel of this.#parts.room.channels.values()) if (hasHistory(channel)) return this.#sweepMs;
    return null;
  }

  /** Whoever is in the channel, or could walk in now, may read what was said. */
  #judge(member: Member, channel: Channel): Answer | null {
    if (member.channel === channel) return null;
    const { roles } = this.#parts;
    const role = roles.roleOf(member.identity);
    const verdict = judgeChannelAction('enter', channel.info, role, roles.list);
    if (!verdict.ok) return forbidden(verdict.rule);
    if (!asksForPassword(channel.info, role, roles.list)) return null;
    return forbidden({ kind: 'password', channel: channel.info.name, given: false });
  }
}

function hasHistory(channel: Channel): boolean {
  return channel.info.config.historyDays > 0;
}

/** As many of the newest as a page holds, and one control message. */
function newestThatFit(messages: readonly ChatMessage[]): ChatMessage[] {
  let length = ENVELOPE_LENGTH;
  const page: ChatMessage[] = [];
  for (const message of messages.slice(-MAX_HISTORY_PAGE).reverse()) {
    length += JSON.stringify(message).length + 1;
    if (length > MAX_CONTROL_LENGTH) break;
    page.push(message);
  }
  return page.reverse();
}
