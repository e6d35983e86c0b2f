import type { Hosting as HostingState } from '../../contract/dto.ts';
import type { Outcome } from '../../contract/ipc.ts';
import { formatInvite, type Invite, parseJoinTarget } from '../../core/wire/invite.ts';
import { LOOPBACK_ADDRESS, reachableAddresses } from './addresses.ts';
import type { HostedRelay, SettingsPort, StartHosting } from './ports.ts';

/**
 * A room that goes down sooner than this after it was opened, in ms, is not opened again by itself: whatever ended it
 * would end it again.
 */
export const MIN_UPTIME_MS = 10_000;

export interface HostingOptions {
  readonly startHosting: StartHosting;
  readonly settings: SettingsPort;
  /** base64url of the public key that is admin in our rooms. */
  readonly ownIdentity: () => string;
  readonly onDidChange: () => void;
  readonly nowMs: () => number;
  /** The room went down by itself, and was opened again. */
  readonly onDidRecover: (sentence: string) => void;
  /** The room went down by itself, and stays down. */
  readonly onDidDie: (sentence: string) => void;
}

interface OpenRoom {
  readonly relay: HostedRelay;
  readonly roomName: string;
  readonly openedMs: number;
  address: string;
}

/** The room this program hosts, if any, and the link that leads to it. */
export class Hosting {
  readonly #options: HostingOptions;
  /** Resolves when the room that is being opened is open, or will not be. */
  #opening: Promise<Outcome> | null = null;
  #stopWanted = false;
  #room: OpenRoom | null = null;

  constructor(options: HostingOptions) {
    this.#options = options;
  }

  /** Where this program itself joins its own room; null while it hosts none. */
  get ownTarget(): Invite | null {
    if (this.#room === null) return null;
    return { ...this.#invite(this.#room), host: LOOPBACK_ADDRESS };
  }

  describe(): HostingState {
    if (this.#opening !== null) return { phase: 'starting' };
    if (this.#room === null) return { phase: 'off' };
    return {
      phase: 'on',
      port: this.#room.relay.port,
      inviteLink: formatInvite(this.#invite(this.#room)),
      address: this.#room.address,
      addresses: [...new Set([this.#room.address, ...reachableAddresses()])],
      listening: [...this.#room.relay.listeningLinks()],
    };
  }

  /**
   * Opens the room.
   *
   * @param port 0: any free one
   * @param address for the invite link; null: the one used before, else the best guess
   */
  async start(roomName: string, port: number, address: string | null): Promise<Outcome> {
    if (this.#opening !== null) return { ok: false, sentence: 'Your room is being opened already.' };
    if (this.#room !== null) return { ok: false, sentence: 'You host a room already. Close that one first.' };
    const chosen =
      address ?? this.#options.settings.current.inviteAddress ?? reachableAddresses()[0] ?? LOOPBACK_ADDRESS;
    const problem = addressProblem(chosen);
    if (problem !== null) return { ok: false, sentence: problem };
    this.#stopWanted = false;
    this.#opening = this.#open(roomName, port, chosen);
    this.#options.onDidChange();
    try {
      return await this.#opening;
    } finally {
      this.#opening = null;
      this.#options.onDidChange();
    }
  }

  setAddress(address: string): Outcome {
    if (this.#room === null) return { ok: false, sentence: 'You host no room right now.' };
    const problem = addressProblem(address);
    if (problem !== null) return { ok: false, sentence: problem };
    this.#room.address = address;
    this.#options.settings.update({ inviteAddress: address });
    this.#options.onDidChange();
    return { ok: true };
  }

  /** An address of the dashboard that lets us in without a password, once, for a minute. */
  async dashboardLink(): Promise<{ ok: true; link: string } | { ok: false; sentence: string }> {
    if (this.#room === null) return { ok: false, sentence: 'You host no room right now.' };
    return this.#room.relay.openDashboard();
  }

  /** Closes the room, or the one that is just being opened. */
  async stop(): Promise<void> {
    this.#stopWanted = true;
    await this.#opening?.catch(() => undefined);
    const room = this.#room;
    this.#room = null;
    this.#options.onDidChange();
    await room?.relay.stop('closing');
  }

  async #open(roomName: string, port: number, address: string): Promise<Outcome> {
    const opened: { room: OpenRoom | null } = { room: null };
    const started = await this.#options.startHosting({
      roomName,
      port,
      ownerIdentity: this.#options.ownIdentity(),
      address: () => opened.room?.address ?? address,
      onDidChangeListening: () => {
        if (opened.room !== null && this.#room === opened.room) this.#options.onDidChange();
      },
      onDidDie: (reason) => {
        // Another room may be open by now, or none wanted.
        if (opened.room === null || this.#room !== opened.room) return;
        this.#room = null;
        void this.#recover(opened.room, reason);
      },
    });
    if (!started.ok) return { ok: false, sentence: started.sentence };
    if (this.#stopWanted) {
      await started.relay.stop('closing');
      return { ok: false, sentence: 'You closed your room before it was open.' };
    }
    opened.room = { relay: started.relay, roomName, address, openedMs: this.#options.nowMs() };
    this.#room = opened.room;
    return { ok: true };
  }

  /** Opens a room that died again, on its port: its members' places are held, and they come back by themselves. */
  async #recover({ relay, roomName, address, openedMs }: OpenRoom, reason: string): Promise<void> {
    if (this.#options.nowMs() - openedMs >= MIN_UPTIME_MS) {
      const outcome = await this.start(roomName, relay.port, address);
      if (outcome.ok) {
        this.#options.onDidRecover(`Your room went down (${reason}) and was opened again.`);
        return;
      }
    }
    this.#options.onDidDie(`Your room went down: ${reason}. Open it again; the invite link stays the same.`);
    this.#options.onDidChange();
  }

  #invite(room: OpenRoom): Invite {
    return {
      host: room.address,
      port: room.relay.port,
      certificateSha256: room.relay.certificateSha256,
      roomName: room.roomName,
    };
  }
}

/** A link with this address must be readable by the one who gets it. */
function addressProblem(address: string): string | null {
  const parsed = parseJoinTarget(
    address.includes(':') && !address.startsWith('[') ? `[${address}]` : address,
  );
  if (parsed.ok) return null;
  return 'That is no address others could reach you by. Give a host name or an IP address, without a port.';
}
