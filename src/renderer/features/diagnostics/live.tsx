import {
  createContext,
  type ReactElement,
  useContext,
  useLayoutEffect,
  useRef,
  useSyncExternalStore,
} from 'react';
import type { Diagnostics } from '../../../contract/diagnostics.ts';
import type { DiagnosticsFeed, Shape } from './diagnostics-feed.ts';
import { UNKNOWN } from './figure-text.ts';
import { SeenContext } from './seen.ts';

/** Hands the feed down the overlay. */
export const FeedContext = createContext<DiagnosticsFeed | null>(null);

/** The feed; throws outside of the overlay. */
export function useFeed(): DiagnosticsFeed {
  const feed = useContext(FeedContext);
  if (feed === null) throw new Error('useFeed is called outside of FeedContext');
  return feed;
}

/** What there is to show; renders again only when that changes, not when figures do. */
export function useShape(): Shape {
  const feed = useFeed();
  return useSyncExternalStore(feed.follow, feed.readShape);
}

/**
 * Draws after every answer while it is on the screen.
 *
 * Past React: five renders a second of the whole overlay would be felt.
 */
export function useDrawn(draw: (feed: DiagnosticsFeed) => void): void {
  const feed = useFeed();
  const seen = useContext(SeenContext);
  const drawNow = useRef(draw);
  drawNow.current = draw;
  useLayoutEffect(() => {
    const drawSeen = (): void => {
      if (seen.now) drawNow.current(feed);
    };
    drawSeen();
    const ends = [feed.follow(drawSeen), seen.onCame(drawSeen)];
    return () => {
      for (const end of ends) end();
    };
  }, [feed, seen]);
}

/** A text that follows the feed and touches the page only when it changes. */
export function LiveText({ read }: { read: (feed: DiagnosticsFeed) => string }): ReactElement {
  const box = useRef<HTMLSpanElement>(null);
  const shown = useRef('');
  useDrawn((feed) => {
    const text = read(feed);
    if (box.current === null || text === shown.current) return;
    shown.current = text;
    box.current.textContent = text;
  });
  return <span ref={box} className="live" />;
}

/** A figure of the whole program; a dash while there are none. */
export function LiveFigure({ read }: { read: (figures: Diagnostics) => string }): ReactElement {
  return <LiveText read={({ figures }) => (figures === null ? UNKNOWN : read(figures))} />;
}
