import type {
  AdminActor,
  AdminCommand,
  AdminNews,
  AdminOutcome,
  AdminView,
  AuditRow,
  RelayAdmin,
  RelayFigures,
} from '../../core/relay/admin-port.ts';
import type { Ban } from '../../core/wire/control.ts';

/**
 * The admin side of whichever relay runs at the moment, so that what watches it outlives one that died. While there
 * is none, everything rejects; when the next one is open, watchers are told how its room differs from what they knew.
 */
export class StandingAdmin implements RelayAdmin {
  readonly #watchers = new Set<(news: AdminNews) => void>();
  readonly #tokens = new Set<number>();
  readonly #channels = new Set<number>();
  #current: RelayAdmin | null = null;
  #stopWatching: () => void = () => undefined;

  /** Null: there is none any more, or not yet. */
  attach(admin: RelayAdmin | null): void {
    this.#stopWatching();
    this.#stopWatching = () => undefined;
    this.#current = admin;
    if (admin === null) return;
    this.#stopWatching = admin.watch((news) => this.#tell(news));
    if (this.#watchers.size > 0) void this.#tellDifference(admin);
  }

  async command(actor: AdminActor, command: AdminCommand): Promise<AdminOutcome> {
    return this.#relay().command(actor, command);
  }

  async view(): Promise<AdminView> {
    const view = await this.#relay().view();
    for (const { token } of view.members) this.#tokens.add(token);
    for (const { id } of view.channels) this.#channels.add(id);
    return view;
  }

  async bans(): Promise<readonly Ban[]> {
    return this.#relay().bans();
  }

  async audit(before: number | null, count: number): Promise<readonly AuditRow[]> {
    return this.#relay().audit(before, count);
  }

  async writeAudit(by: string, action: string, subject: string, reason: string): Promise<void> {
    return this.#relay().writeAudit(by, action, subject, reason);
  }

  async figures(): Promise<RelayFigures> {
    return this.#relay().figures();
  }

  watch(onNews: (news: AdminNews) => void): () => void {
    // One function may watch twice, and stop once.
    const watcher = (news: AdminNews): void => onNews(news);
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #relay(): RelayAdmin {
    if (this.#current === null) throw new Error('the relay is not open');
    return this.#current;
  }

  #tell(news: AdminNews): void {
    if (news.type === 'member') this.#tokens.add(news.member.token);
    if (news.type === 'memberLeft') this.#tokens.delete(news.token);
    if (news.type === 'channel') this.#channels.add(news.channel.id);
    if (news.type === 'channelRemoved') this.#channels.delete(news.channel);
    for (const watcher of this.#watchers) watcher(news);
  }

  async #tellDifference(admin: RelayAdmin): Promise<void> {
    let view: AdminView;
    try {
      view = await admin.view();
    } catch {
      // It is gone again; the next one will tell.
      return;
    }
    if (admin !== this.#current) return;
    const { roomName, maxMembers, roles, channels, members } = view;
    this.#tell({ type: 'config', roomName, maxMembers });
    this.#tell({ type: 'roles', roles });
    for (const channel of channels) this.#tell({ type: 'channel', channel });
    for (const member of members) this.#tell({ type: 'member', member });
    const tokens = new Set(members.map(({ token }) => token));
    for (const token of [...this.#tokens]) if (!tokens.has(token)) this.#tell({ type: 'memberLeft', token });
    const ids = new Set(channels.map(({ id }) => id));
    for (const channel of [...this.#channels])
      if (!ids.has(channel)) this.#tell({ type: 'channelRemoved', channel });
  }
}
