import type { VoiceCommand } from './voice-protocol.ts';

/** The session comes before everything that belongs to it. */
const FIRST = 'session';

/**
 * What a voice thread that is started again must hear: the standing orders, and those given while none was running.
 *
 * An order with a sending key stands without it: the key is for the one thread it is handed to.
 */
export class VoiceOrders {
  readonly #standing = new Map<string, VoiceCommand>();
  /** Orders whole, sending keys included, that no thread has heard yet. */
  readonly #unheard = new Map<string, VoiceCommand>();

  /**
   * Takes note of an order.
   *
   * @param standing what of it every later thread must hear; null: nothing
   * @param heard a thread is running and hears it now
   */
  set(key: string, order: VoiceCommand, standing: VoiceCommand | null, heard: boolean): void {
    if (standing === null) this.#standing.delete(key);
    else this.#standing.set(key, standing);
    if (heard) this.#unheard.delete(key);
    else this.#unheard.set(key, order);
  }

  forgetWhere(wanted: (key: string) => boolean): void {
    for (const orders of [this.#standing, this.#unheard]) {
      for (const key of [...orders.keys()]) if (wanted(key)) orders.delete(key);
    }
  }

  /** How many orders stand under such keys. */
  count(wanted: (key: string) => boolean): number {
    let count = 0;
    for (const key of this.#standing.keys()) if (wanted(key)) count += 1;
    return count;
  }

  /** For one new thread: the next one hears no sending key of these. */
  takeForNewThread(): VoiceCommand[] {
    const orders = new Map([...this.#standing, ...this.#unheard]);
    this.#unheard.clear();
    const session = orders.get(FIRST);
    orders.delete(FIRST);
    return session === undefined ? [...orders.values()] : [session, ...orders.values()];
  }
}
