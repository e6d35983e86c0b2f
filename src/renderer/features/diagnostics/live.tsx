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
 * Draws what the feed has new while it is on the screen.
 *
 * Past React: rendering the whole overlay again and again would be felt.
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
  const shown = useRef<Text>(null);
  useDrawn((feed) => {
    const text = read(feed);
    if (box.current === null) return;
    if (shown.current?.parentNode !== box.current) {
      shown.current = document.createTextNode(text);
      box.current.replaceChildren(shown.current);
    } else if (shown.current.data !== text) {
      // The same node with another text: a new node would be styled and laid out anew.
      shown.current.data = text;
    }
  });
  return <span ref={box} className="live" />;
}

/** A figure of the whole program; a dash while there are none. */
export function LiveFigure({ read }: { read: (figures: Diagnostics) => string }): ReactElement {
  return <LiveText read={({ figures }) => (figures === null ? UNKNOWN : read(figures))} />;
}
