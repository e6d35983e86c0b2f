import { createHash } from 'node:crypto';
import { base64UrlToBytes, bytesToBase64Url } from '../../core/base/base64url.ts';
import type { GroupPort, MediaKey } from './ports.ts';

interface ToyState {
  readonly groupId: string;
  readonly epoch: number;
  readonly members: readonly string[];
  readonly secret: string;
}

interface ToyPackage {
  readonly identity: string;
  readonly serial: number;
}

interface ToyCommit {
  readonly groupId: string;
  readonly epoch: number;
  readonly add: readonly string[];
  readonly remove: readonly string[];
  readonly by: string;
  readonly serial: number;
}

function write(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** Toys read what toys wrote; anything else is null. */
function read<Value>(bytes: Uint8Array): Value | null {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as Value;
  } catch {
    return null;
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/**
 * A key group without cryptography, for tests: it keeps the rules of MLS (a commit applies to one epoch only, a welcome
 * opens with the newest key package only), and its keys follow from what the members agreed on.
 */
export class ToyGroup implements GroupPort {
  /** Awaited before each operation: tests hold the group up with it. */
  gate: () => Promise<void> = () => Promise.resolve();
  /** Operations done, by name. */
  readonly done: string[] = [];
  readonly #identity: string;
  #serial = 0;
  #package: ToyPackage | null = null;
  #state: ToyState | null = null;
  #pending: ToyState | null = null;

  /** @param identity base64url */
  constructor(identity: string) {
    this.#identity = identity;
  }

  get epoch(): bigint | null {
    return this.#state === null ? null : BigInt(this.#state.epoch);
  }

  get groupId(): Uint8Array | null {
    return this.#state === null ? null : base64UrlToBytes(this.#state.groupId);
  }

  get epochAuthenticator(): Uint8Array | null {
    return this.#state === null ? null : digest(`authenticator ${this.#state.secret}`);
  }

  members(): Uint8Array[] {
    return (this.#state?.members ?? []).map((identity) => base64UrlToBytes(identity) ?? new Uint8Array());
  }

  createPackage(): Promise<Uint8Array> {
    return this.#do('createPackage', () => {
      this.#serial += 1;
      this.#package = { identity: this.#identity, serial: this.#serial };
      return write(this.#package);
    });
  }

  create(groupId: Uint8Array): Promise<void> {
    return this.#do('create', () => {
      if (this.#package === null) throw new Error('there is no key package');
      const secret = `${this.#identity} ${this.#package.serial}`;
      const id = bytesToBase64Url(groupId);
      this.#state = { groupId: id, epoch: 0, members: [this.#identity], secret };
      this.#package = null;
      this.#pending = null;
    });
  }

  commit(change: Parameters<GroupPort['commit']>[0]): ReturnType<GroupPort['commit']> {
    return this.#do('commit', () => {
      const state = this.#state;
      if (state === null) return { ok: false };
      const offers = change.add.map(({ identity, keyPackage }) => ({
        identity: bytesToBase64Url(identity),
        offered: read<ToyPackage>(keyPackage),
      }));
      const good = offers.filter(({ identity, offered }) => offered?.identity === identity);
      const skipped = change.add
        .map(({ identity }) => identity)
        .filter((identity) => !good.some((item) => item.identity === bytesToBase64Url(identity)));
      const commit: ToyCommit = {
        groupId: state.groupId,
        epoch: state.epoch,
        add: good.map(({ identity }) => identity),
        remove: change.remove.map(bytesToBase64Url),
        by: this.#identity,
        serial: this.done.length,
      };
      if (commit.add.length + commit.remove.length === 0)
        return { ok: true, commit: null, welcome: null, skipped };
      const bytes = write(commit);
      this.#pending = follow(state, commit, bytes);
      const welcome = { packages: good.map(({ offered }) => offered), state: this.#pending };
      return { ok: true, commit: bytes, welcome: good.length === 0 ? null : write(welcome), skipped };
    });
  }

  acceptOwnCommit(): Promise<boolean> {
    return this.#do('acceptOwnCommit', () => {
      if (this.#pending === null) return false;
      this.#state = this.#pending;
      this.#pending = null;
      return true;
    });
  }

  rejectOwnCommit(): Promise<void> {
    return this.#do('rejectOwnCommit', () => {
      this.#pending = null;
    });
  }

  applyCommit(bytes: Uint8Array): ReturnType<GroupPort['applyCommit']> {
    return this.#do('applyCommit', () => {
      const state = this.#state;
      const commit = read<ToyCommit>(bytes);
      if (state === null || commit === null) return { ok: false };
      if (commit.groupId !== state.groupId || commit.epoch !== state.epoch) return { ok: false };
      this.#pending = null;
      if (commit.remove.includes(this.#identity)) {
        this.#state = null;
        return { ok: true, outcome: 'removed' };
      }
      this.#state = follow(state, commit, bytes);
      return { ok: true, outcome: 'advanced' };
    });
  }

  join(bytes: Uint8Array, groupId: Uint8Array): Promise<{ ok: boolean }> {
    return this.#do('join', () => {
      const welcome = read<{ packages: ToyPackage[]; state: ToyState }>(bytes);
      const own = this.#package;
      const isFor = welcome?.packages.some(
        ({ identity, serial }) => identity === own?.identity && serial === own.serial,
      );
      if (welcome === null || isFor !== true) return { ok: false };
      if (welcome.state.groupId !== bytesToBase64Url(groupId)) return { ok: false };
      this.#state = welcome.state;
      this.#package = null;
      this.#pending = null;
      return { ok: true };
    });
  }

  mediaKeys(): Promise<ReadonlyMap<string, MediaKey>> {
    return this.#do('mediaKeys', () => {
      const keys = new Map<string, MediaKey>();
      for (const identity of this.#state?.members ?? []) {
        const bytes = digest(`${this.#state?.secret} ${identity}`);
        keys.set(identity, { key: bytes.subarray(0, 16), salt: bytes.subarray(16, 28) });
      }
      return keys;
    });
  }

  clear(): Promise<void> {
    return this.#do('clear', () => {
      this.#state = null;
      this.#pending = null;
      this.#package = null;
    });
  }

  async #do<Result>(name: string, operation: () => Result): Promise<Result> {
    await this.gate();
    this.done.push(name);
    return operation();
  }
}

function follow(state: ToyState, commit: ToyCommit, bytes: Uint8Array): ToyState {
  const members = state.members.filter((identity) => !commit.remove.includes(identity)).concat(commit.add);
  const secret = digest(`${state.secret} ${bytesToBase64Url(bytes)}`).toString('hex');
  return { ...state, epoch: state.epoch + 1, members, secret };
}
