import type { ReactElement } from 'react';
import { create } from 'zustand';

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

/** The live region that announcements are read from; always there, or the first would be missed. */
export function Announcer(): ReactElement {
  const { text, number } = useAnnouncement();
  return (
    <p className="visually-hidden" role="status" data-testid="announcer">
      <span key={number}>{text}</span>
    </p>
  );
}
