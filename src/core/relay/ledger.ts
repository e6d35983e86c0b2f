import type { AdminNews } from './admin-port.ts';
import type { RelayOut } from './relay-out.ts';
import type { AuditEntry, RelayStore } from './relay-store.ts';

const AUDIT_NEWS: AdminNews = Object.freeze({ type: 'audit' });

/** The store, with its failures turned into answers and counted. */
export class Ledger {
  readonly #store: RelayStore;
  #writes = 0;
  #failures = 0;

  constructor(store: RelayStore) {
    this.#store = store;
  }

  /** Transactions asked for, and calls that the store refused, reading included. */
  get counters(): { readonly storeWrites: number; readonly storeFailures: number } {
    return { storeWrites: this.#writes, storeFailures: this.#failures };
  }

  /**
   * Writes all that `work` writes, or nothing. Whoever calls changes the memory only after a true: what the disk
   * does not have did not happen.
   */
  write(work: (store: RelayStore) => void): boolean {
    this.#writes += 1;
    try {
      this.#store.transaction(() => work(this.#store));
      return true;
    } catch {
      this.#failures += 1;
      return false;
    }
  }

  /**
   * Writes what somebody did together with its line in the audit log, or neither, and tells observers that there is a
   * new line.
   */
  act(entry: AuditEntry, out: RelayOut, work: (store: RelayStore) => void): boolean {
    const saved = this.write((store) => {
      work(store);
      store.audit(entry);
    });
    if (saved) out.tellAdmin(AUDIT_NEWS);
    return saved;
  }

  /** @returns null when the store refused */
  read<T>(work: (store: RelayStore) => T): T | null {
    try {
      return work(this.#store);
    } catch {
      this.#failures += 1;
      return null;
    }
  }
}
