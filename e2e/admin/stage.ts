import type { FakeRelay } from '../../src/renderer/admin/dev/fake-relay.ts';

/** Whoever runs the room in the journeys: the account that the first of them makes. */
export const ACCOUNT = { name: 'ada', password: 'a bench and a lamp' } as const;

/** Somebody in the room who is no journey of their own. */
export interface Guest {
  leave(): Promise<void> | void;
}

/** A relay that serves the dashboard: the real one, or one that is made up. */
export interface Stage {
  readonly name: 'scripted' | 'relay';
  /** Address of the dashboard, without a slash at the end. */
  readonly base: string;
  /** Makes the first account. */
  readonly code: string;
  /** Lets somebody into the room, in the channel where everybody lands. */
  join(nickname: string): Promise<Guest>;
  /** Takes the relay away, and brings it back; null where it is not ours to take. */
  readonly breakOff: (() => Promise<void>) | null;
  mend(): Promise<void>;
  /** What can be asked of a made-up relay alone; null at the real one. */
  readonly fake: FakeRelay | null;
  close(): Promise<void>;
}
