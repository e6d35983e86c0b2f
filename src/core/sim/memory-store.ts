import type {
  AuditEntry,
  RelaySnapshot,
  RelayStore,
  RoomConfig,
  StoredChannel,
  StoredDelivery,
  StoredSession,
} from '../relay/relay-store.ts';
import type { ChatMessage } from '../wire/chat.ts';
import type { Ban } from '../wire/control.ts';
import type { Role } from '../wire/roles.ts';

/** A relay's store without a disk, for tests and simulations: it outlives the engine, and can be made to refuse. */
export class MemoryStore implements RelayStore {
  /** While true every call throws, as on a full disk. */
  failing = false;
  /** Calls until one throws, as on a disk that fills up in the middle of a transaction; null: none does. */
  failsAfter: number | null = null;
  readonly audits: AuditEntry[] = [];
  readonly #channels = new Map<number, StoredChannel>();
  readonly #roles = new Map<number, Role>();
  readonly #assignments = new Map<string, number>();
  readonly #bans = new Map<number, Ban>();
  readonly #sessions = new Map<number, StoredSession>();
  readonly #deliveries = new Map<number, StoredDelivery[]>();
  readonly #messages = new Map<number, ChatMessage>();
  #config: RoomConfig | null;
  #lastRoleId = 0;
  #lastMessageId = 0;
  #lastBanId = 0;
  /** How to take back what the transaction under way has done, newest last. */
  #undo: (() => void)[] = [];

  /** @param snapshot what lies in the store already */
  constructor(snapshot: RelaySnapshot) {
    this.#config = snapshot.config;
    for (const channel of snapshot.channels) this.#channels.set(channel.info.id, channel);
    for (const role of snapshot.roles) this.#roles.set(role.id, role);
    for (const [identity, role] of snapshot.assignments) this.#assignments.set(identity, role);
    for (const ban of snapshot.bans) this.#bans.set(ban.id, ban);
    for (const session of snapshot.sessions) this.#sessions.set(session.token, session);
    for (const delivery of snapshot.deliveries) {
      this.#deliveries.set(delivery.token, [...(this.#deliveries.get(delivery.token) ?? []), delivery]);
    }
    this.#lastRoleId = snapshot.lastRoleId;
    this.#lastMessageId = snapshot.lastMessageId;
    this.#lastBanId = snapshot.lastBanId;
  }

  /** What a relay that starts now reads. */
  snapshot(): RelaySnapshot {
    return {
      config: this.#config,
      channels: [...this.#channels.values()],
      roles: [...this.#roles.values()],
      assignments: new Map(this.#assignments),
      bans: [...this.#bans.values()],
      sessions: [...this.#sessions.values()],
      deliveries: [...this.#deliveries.values()].flat(),
      lastRoleId: this.#lastRoleId,
      lastMessageId: this.#lastMessageId,
      lastBanId: this.#lastBanId,
    };
  }

  /** Kept messages of channels with history, of all channels, oldest first. */
  get messages(): readonly ChatMessage[] {
    return [...this.#messages.values()];
  }

  transaction(work: () => void): void {
    const before = this.#undo.length;
    this.#mayRefuse();
    try {
      work();
    } catch (error) {
      for (const undo of this.#undo.splice(before).reverse()) undo();
      throw error;
    }
    if (before === 0) this.#undo = [];
  }

  saveConfig(config: RoomConfig): void {
    this.#mayRefuse();
    const before = this.#config;
    this.#config = config;
    this.#undo.push(() => {
      this.#config = before;
    });
  }

  saveChannel(channel: StoredChannel): void {
    this.#put(this.#channels, channel.info.id, channel);
  }

  removeChannel(id: number): void {
    this.#put(this.#channels, id, undefined);
    for (const message of this.messages)
      if (isIn(message, id)) this.#put(this.#messages, message.id, undefined);
  }

  saveRole(role: Role): void {
    this.#put(this.#roles, role.id, role);
    this.#gaveOut({ role: role.id });
  }

  removeRole(id: number): void {
    this.#put(this.#roles, id, undefined);
  }

  assignRole(identity: string, role: number | null): void {
    this.#put(this.#assignments, identity, role ?? undefined);
  }

  saveBan(ban: Ban): void {
    this.#put(this.#bans, ban.id, ban);
    this.#gaveOut({ ban: ban.id });
  }

  removeBan(id: number): void {
    this.#put(this.#bans, id, undefined);
  }

  saveSession(session: StoredSession): void {
    this.#put(this.#sessions, session.token, session);
  }

  removeSession(token: number): void {
    this.#put(this.#sessions, token, undefined);
    this.#put(this.#deliveries, token, undefined);
  }

  saveMessage(message: ChatMessage): void {
    this.#put(this.#messages, message.id, message);
    this.#gaveOut({ message: message.id });
  }

  saveDelivery(delivery: StoredDelivery): void {
    const others = this.#deliveries.get(delivery.token) ?? [];
    this.#put(this.#deliveries, delivery.token, [...others, delivery]);
    this.#gaveOut({ message: delivery.message.id });
  }

  removeDeliveries(token: number, upTo: number): void {
    const kept = (this.#deliveries.get(token) ?? []).filter((entry) => entry.delivery > upTo);
    this.#put(this.#deliveries, token, kept);
  }

  readHistory(channel: number, before: number | null, count: number): ChatMessage[] {
    this.#mayRefuse();
    return this.messages
      .filter((message) => isIn(message, channel) && (before === null || message.id < before))
      .slice(-count);
  }

  expireHistory(channel: number, beforeMs: number): void {
    for (const message of this.messages) {
      if (isIn(message, channel) && message.sentMs < beforeMs) {
        this.#put(this.#messages, message.id, undefined);
      }
    }
  }

  audit(entry: AuditEntry): void {
    this.#mayRefuse();
    this.audits.push(entry);
    this.#undo.push(() => this.audits.pop());
  }

  #gaveOut(ids: { readonly role?: number; readonly message?: number; readonly ban?: number }): void {
    const [lastRoleId, lastMessageId, lastBanId] = [this.#lastRoleId, this.#lastMessageId, this.#lastBanId];
    this.#lastRoleId = Math.max(lastRoleId, ids.role ?? 0);
    this.#lastMessageId = Math.max(lastMessageId, ids.message ?? 0);
    this.#lastBanId = Math.max(lastBanId, ids.ban ?? 0);
    this.#undo.push(() => {
      this.#lastRoleId = lastRoleId;
      this.#lastMessageId = lastMessageId;
      this.#lastBanId = lastBanId;
    });
  }

  /** @param value undefined: takes it out */
  #put<Key, Value>(map: Map<Key, Value>, key: Key, value: Value | undefined): void {
    this.#mayRefuse();
    const before = map.get(key);
    if (value !== undefined) {
      map.set(key, value);
      this.#undo.push(() => (before === undefined ? map.delete(key) : map.set(key, before)));
    } else if (before !== undefined) {
      const entries = [...map];
      map.delete(key);
      // All of them: what comes back must stand where it stood.
      this.#undo.push(() => {
        map.clear();
        for (const [old, kept] of entries) map.set(old, kept);
      });
    }
  }

  #mayRefuse(): void {
    if (this.failsAfter !== null) this.failsAfter -= 1;
    if (this.failing || (this.failsAfter ?? 0) < 0) throw new Error('the disk is full');
  }
}

function isIn(message: ChatMessage, channel: number): boolean {
  return message.to.kind === 'channel' && message.to.channel === channel;
}
