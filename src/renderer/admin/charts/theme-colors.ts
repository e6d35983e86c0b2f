import { useEffect, useState } from 'react';

/** What a chart is drawn in, as a canvas takes it. */
export interface ChartColors {
  readonly lines: readonly [string, string, string];
  readonly text: string;
  readonly grid: string;
}

/** The lines in the order in which they are drawn; the style sheet has the same for the keys. */
const LINES = ['--lamp-line', '--good', '--bad'] as const;

/** What a custom property comes to here and now: a canvas cannot read `light-dark()`. */
function resolved(place: HTMLElement, property: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${property})`;
  place.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

export function chartColors(place: HTMLElement): ChartColors {
  const [first, second, third] = LINES;
  return {
    lines: [resolved(place, first), resolved(place, second), resolved(place, third)],
    text: resolved(place, '--text-dim'),
    grid: resolved(place, '--line'),
  };
}

/** A number that changes with the appearance: what is drawn by hand is to be drawn again. */
export function useAppearance(): number {
  const [count, setCount] = useState(0);
  useEffect(() => {
    const change = (): void => setCount((before) => before + 1);
    const watcher = new MutationObserver(change);
    watcher.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    const desktop = window.matchMedia('(prefers-color-scheme: dark)');
    desktop.addEventListener('change', change);
    return () => {
      watcher.disconnect();
      desktop.removeEventListener('change', change);
    };
  }, []);
  return count;
}
