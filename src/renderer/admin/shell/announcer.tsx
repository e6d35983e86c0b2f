import type { ReactElement } from 'react';
import { create } from 'zustand';
import type { Outcome } from '../../../contract/ipc.ts';
import { sentenceOf } from '../../state/outcome.ts';

interface Announcement {
  readonly text: string;
  /** Counts up, so that the same words twice are heard twice. */
  readonly number: number;
}

const useAnnouncement = create<Announcement>(() => ({ text: '', number: 0 }));

/** Tells whoever listens to the page instead of looking at it what has come of what they did. */
export function announce(text: string): void {
  useAnnouncement.setState((before) => ({ text, number: before.number + 1 }));
}

/**
 * Carries a command out that a dialog asked about, and announces it when it is done.
 *
 * @returns what is wrong, or an empty text: as dialogs show it
 */
export async function carryOut(command: Promise<Outcome>, told: string): Promise<string> {
  const sentence = await sentenceOf(command);
  if (sentence === '') announce(told);
  return sentence;
}

/** The live region that announcements are read from; always there, or the first would be missed. */
export function Announcer(): ReactElement {
  const { text, number } = useAnnouncement();
  return (
    <p className="visually-hidden" role="status" data-testid="announcer">
      <span key={number}>{text}</span>
    </p>
  );
}
