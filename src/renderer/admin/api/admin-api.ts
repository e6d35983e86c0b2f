import {
  type Account,
  type AdminBan,
  type AuditLine,
  accountSchema,
  adminBanSchema,
  auditLineSchema,
  type BanRequest,
  type BotsRequest,
  type BotsState,
  botsStateSchema,
  type Grant,
  grantSchema,
  type ListeningState,
  type LoginRequest,
  listenersStateSchema,
  listeningStateSchema,
  type RoomConfig,
  type SaveAccount,
  type SaveListening,
  type SetupRequest,
  setupStateSchema,
} from '../../../contract/admin.ts';
import type { ChannelDraft } from '../../features/channels/channel-form.tsx';
import type { RoleDraft } from '../../features/roles/role-form.tsx';
import type { AdminHttp, Answer } from './admin-http.ts';

/** Lines of the audit log that are asked for at a time: some screens full. */
export const AUDIT_PAGE = 50;

const accountsSchema = accountSchema.array();
const bansSchema = adminBanSchema.array();
const auditSchema = auditLineSchema.array();

/** Everything that can be asked of the relay, by name. */
export class AdminApi {
  private readonly http: AdminHttp;

  constructor(http: AdminHttp) {
    this.http = http;
  }

  /** Whether the first account has still to be made. */
  setupState(): Promise<Answer<{ needed: boolean }>> {
    return this.http.ask({ method: 'GET', path: '/api/setup' }, setupStateSchema);
  }

  setUp(body: SetupRequest): Promise<Answer<Grant>> {
    return this.http.ask({ method: 'POST', path: '/api/setup', body }, grantSchema);
  }

  logIn(body: LoginRequest): Promise<Answer<Grant>> {
    return this.http.ask({ method: 'POST', path: '/api/login', body }, grantSchema);
  }

  /** Takes the code that the desktop program made for its own host. */
  redeem(code: string): Promise<Answer<Grant>> {
    return this.http.ask({ method: 'POST', path: '/api/redeem', body: { code } }, grantSchema);
  }

  /** A fresh token of the same login. */
  renew(): Promise<Answer<Grant>> {
    return this.http.ask({ method: 'POST', path: '/api/renew' }, grantSchema);
  }

  /** Ends the login at the relay too. */
  logOut(): Promise<Answer<null>> {
    return this.http.tell({ method: 'POST', path: '/api/logout' });
  }

  kick(member: number, reason: string): Promise<Answer<null>> {
    return this.post('/api/kick', { member, reason });
  }

  ban(body: BanRequest): Promise<Answer<null>> {
    return this.post('/api/ban', body);
  }

  move(member: number, channel: number): Promise<Answer<null>> {
    return this.post('/api/move', { member, channel });
  }

  mute(member: number, muted: boolean): Promise<Answer<null>> {
    return this.post('/api/mute', { member, muted });
  }

  assignRole(identity: string, role: number): Promise<Answer<null>> {
    return this.post('/api/assign-role', { identity, role });
  }

  createChannel(parent: number | null, draft: ChannelDraft): Promise<Answer<null>> {
    const { name, config, password } = draft;
    return this.post('/api/channels', { name, config, parent, password: password ?? null });
  }

  changeChannel(channel: number, body: ChannelDraft): Promise<Answer<null>> {
    return this.http.tell({ method: 'PUT', path: `/api/channels/${channel}`, body });
  }

  removeChannel(channel: number): Promise<Answer<null>> {
    return this.remove(`/api/channels/${channel}`);
  }

  /** How the channels are listened to. */
  listening(): Promise<Answer<ListeningState[]>> {
    return this.http.ask({ method: 'GET', path: '/api/listeners' }, listenersStateSchema);
  }

  saveListening(channel: number, body: SaveListening): Promise<Answer<null>> {
    return this.http.tell({ method: 'PUT', path: `/api/listeners/${channel}`, body });
  }

  renewListeningLink(channel: number): Promise<Answer<ListeningState>> {
    return this.http.ask({ method: 'POST', path: `/api/listeners/${channel}/link` }, listeningStateSchema);
  }

  renewPublishKey(channel: number): Promise<Answer<ListeningState>> {
    const path = `/api/listeners/${channel}/publish-key`;
    return this.http.ask({ method: 'POST', path }, listeningStateSchema);
  }

  /** @param role - null: a new one */
  saveRole(role: number | null, body: RoleDraft): Promise<Answer<null>> {
    if (role === null) return this.post('/api/roles', body);
    return this.http.tell({ method: 'PUT', path: `/api/roles/${role}`, body });
  }

  removeRole(role: number): Promise<Answer<null>> {
    return this.remove(`/api/roles/${role}`);
  }

  accounts(): Promise<Answer<Account[]>> {
    return this.http.ask({ method: 'GET', path: '/api/accounts' }, accountsSchema);
  }

  /** Makes an account, or changes the one of that name. */
  saveAccount(body: SaveAccount): Promise<Answer<null>> {
    return this.http.tell({ method: 'PUT', path: '/api/accounts', body });
  }

  removeAccount(name: string): Promise<Answer<null>> {
    return this.remove(`/api/accounts/${encodeURIComponent(name)}`);
  }

  bans(): Promise<Answer<AdminBan[]>> {
    return this.http.ask({ method: 'GET', path: '/api/bans' }, bansSchema);
  }

  unban(ban: number): Promise<Answer<null>> {
    return this.remove(`/api/bans/${ban}`);
  }

  /** Lines of the audit log, the newest first. @param before - only lines with a lower id; null: the newest */
  audit(before: number | null): Promise<Answer<AuditLine[]>> {
    const from = before === null ? '' : `&before=${before}`;
    return this.http.ask({ method: 'GET', path: `/api/audit?count=${AUDIT_PAGE}${from}` }, auditSchema);
  }

  saveConfig(body: RoomConfig): Promise<Answer<null>> {
    return this.http.tell({ method: 'PUT', path: '/api/config', body });
  }

  /** The stress test that runs, or the last one. */
  bots(): Promise<Answer<BotsState>> {
    return this.http.ask({ method: 'GET', path: '/api/bots' }, botsStateSchema);
  }

  startBots(body: BotsRequest): Promise<Answer<null>> {
    return this.post('/api/bots', body);
  }

  stopBots(): Promise<Answer<null>> {
    return this.remove('/api/bots');
  }

  private post(path: string, body: unknown): Promise<Answer<null>> {
    return this.http.tell({ method: 'POST', path, body });
  }

  private remove(path: string): Promise<Answer<null>> {
    return this.http.tell({ method: 'DELETE', path });
  }
}
