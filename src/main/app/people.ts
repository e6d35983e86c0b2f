import type { MemberInfo } from '../../core/wire/control.ts';
import type { PeoplePort, PersonValues, VoicePort } from './ports.ts';

const UNKNOWN: PersonValues = Object.freeze({ nickname: '', volume: 1, mutedHere: false, verified: false });

export interface PeopleOptions {
  readonly store: PeoplePort;
  readonly voice: Pick<VoicePort, 'setVolume' | 'setMemberMuted'>;
  readonly onDidChange: () => void;
}

/** What the person decided about others: volume, mute and verification belong to their public key, per relay. */
export class People {
  readonly #options: PeopleOptions;
  /** SHA-256 of the relay's certificate; empty: in no room. */
  #server = '';
  readonly #known = new Map<string, PersonValues>();
  /** Tokens whose settings the voice thread has. */
  #applied = new Map<number, string>();

  constructor(options: PeopleOptions) {
    this.#options = options;
  }

  /** We are on that relay now. */
  enter(server: string): void {
    if (server === this.#server) return;
    this.#server = server;
    this.#known.clear();
    this.#applied = new Map();
  }

  /** We are on none any more, and the voice thread has forgotten everybody. */
  leave(): void {
    this.enter('');
  }

  of(identity: string): PersonValues {
    const known = this.#known.get(identity);
    if (known !== undefined) return known;
    const values = this.#options.store.person(this.#server, identity) ?? UNKNOWN;
    this.#known.set(identity, values);
    return values;
  }

  /** @throws Error when the disk refuses */
  change(member: Pick<MemberInfo, 'identity' | 'nickname'>, change: Partial<PersonValues>): void {
    const values = { ...this.of(member.identity), nickname: member.nickname, ...change };
    this.#options.store.savePerson(this.#server, member.identity, values);
    this.#known.set(member.identity, values);
    for (const [token, identity] of this.#applied)
      if (identity === member.identity) this.#apply(token, values);
    this.#options.onDidChange();
  }

  /** Tells the voice thread about everybody who is new. */
  handleRoster(members: readonly MemberInfo[]): void {
    const present = new Map(members.map(({ token, identity }) => [token, identity]));
    for (const [token, identity] of present) {
      if (this.#applied.get(token) !== identity) this.#apply(token, this.of(identity));
    }
    this.#applied = present;
    // What is kept of those who went is in the store; strangers by the thousand must not pile up here.
    const identities = new Set(present.values());
    for (const identity of this.#known.keys()) if (!identities.has(identity)) this.#known.delete(identity);
  }

  #apply(token: number, values: PersonValues): void {
    this.#options.voice.setVolume(token, values.volume);
    this.#options.voice.setMemberMuted(token, values.mutedHere);
  }
}
