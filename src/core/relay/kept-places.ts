/**
 * What somebody is in the room. Bots, the headless clients of a stress test, and those who stand in a channel for the
 * gateways come by leave of an admin: they count against no limit that people count against, are written down nowhere,
 * and hold no place when their lane breaks.
 */
export type MemberKind = 'person' | 'bot' | 'listeners';

/** Those who have places of their own. */
export type KeptKind = Exclude<MemberKind, 'person'>;

/** The places of a room that are kept for members who are no people, and how many of those are here. */
export class KeptPlaces {
  readonly #kept: Readonly<Record<KeptKind, { places: number; present: number }>> = {
    bot: { places: 0, present: 0 },
    listeners: { places: 0, present: 0 },
  };

  /** All that are kept, taken or not. */
  get places(): number {
    return this.#kept.bot.places + this.#kept.listeners.places;
  }

  get present(): number {
    return this.#kept.bot.present + this.#kept.listeners.present;
  }

  /** Those that wait for somebody. */
  get waiting(): number {
    let waiting = 0;
    for (const { places, present } of Object.values(this.#kept)) waiting += Math.max(0, places - present);
    return waiting;
  }

  reserve(kind: KeptKind, places: number): void {
    this.#kept[kind].places = places;
  }

  handleEntered(kind: MemberKind): void {
    if (kind !== 'person') this.#kept[kind].present += 1;
  }

  handleLeft(kind: MemberKind): void {
    if (kind !== 'person') this.#kept[kind].present -= 1;
  }
}
