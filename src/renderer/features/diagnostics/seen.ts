import { createContext, type RefObject, useEffect, useRef } from 'react';

/** Whether a part of the overlay is on the screen. Who draws into it asks first, and hears when it comes back. */
export class Seen {
  now = true;
  private readonly listeners = new Set<() => void>();

  readonly onCame = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  set(now: boolean): void {
    const came = now && !this.now;
    this.now = now;
    if (came) for (const listener of this.listeners) listener();
  }
}

/** The part that something is drawn into; without one it counts as seen. */
export const SeenContext = createContext<Seen>(new Seen());

/** One observer for all parts: it looks once a frame, however many they are. */
const watched = new WeakMap<Element, Seen>();
let observer: IntersectionObserver | null = null;

function watch(element: Element, seen: Seen): () => void {
  observer ??= new IntersectionObserver((entries) => {
    for (const entry of entries) watched.get(entry.target)?.set(entry.isIntersecting);
  });
  watched.set(element, seen);
  observer.observe(element);
  return () => {
    observer?.unobserve(element);
    watched.delete(element);
  };
}

/** Follows whether an element is on the screen: scrolled away, it costs nothing. */
export function useSeen<Kind extends Element>(): readonly [RefObject<Kind | null>, Seen] {
  const element = useRef<Kind>(null);
  const seen = useRef<Seen>(null);
  seen.current ??= new Seen();
  const followed = seen.current;
  useEffect(() => (element.current === null ? undefined : watch(element.current, followed)), [followed]);
  return [element, followed];
}
