import { type RefObject, useLayoutEffect, useRef, useState } from 'react';

/**
 * Width of an element in CSS pixels, kept up to date; 0 until it is drawn and while it is hidden.
 *
 * The layout asks the script and not a container query where what is beside what also decides what is read.
 */
export function useWidth<Kind extends HTMLElement>(): readonly [RefObject<Kind | null>, number] {
  const element = useRef<Kind>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const watched = element.current;
    if (watched === null) return;
    setWidth(watched.clientWidth);
    const observer = new ResizeObserver(() => setWidth(watched.clientWidth));
    observer.observe(watched);
    return () => observer.disconnect();
  }, []);
  return [element, width];
}
