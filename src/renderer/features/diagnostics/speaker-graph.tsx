import { type ReactElement, useRef } from 'react';
import { HISTORY_MS } from './delay-history.ts';
import { millisecondsText, UNKNOWN } from './figure-text.ts';
import { LiveText, useDrawn } from './live.tsx';

/** Units of the drawing; it is stretched to the width there is. */
const WIDTH = 300;
const HEIGHT = 80;

/** Depth and target of one speaker's jitter buffer over the last half minute. */
export function SpeakerGraph({ speakerKey }: { speakerKey: string }): ReactElement {
  const depth = useRef<SVGPathElement>(null);
  const target = useRef<SVGPathElement>(null);
  const top = useRef<HTMLSpanElement>(null);
  useDrawn((feed) => {
    const history = feed.history(speakerKey);
    if (history === null) return;
    const nowMs = performance.now();
    const topMs = history.topMs(nowMs);
    depth.current?.setAttribute('d', history.path('depth', nowMs, topMs, WIDTH, HEIGHT));
    target.current?.setAttribute('d', history.path('target', nowMs, topMs, WIDTH, HEIGHT));
    const text = `${Math.round(topMs)} ms`;
    if (top.current !== null && top.current.textContent !== text) top.current.textContent = text;
  });
  return (
    <figure className="delay-graph">
      <div className="delay-graph-frame">
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
          <path className="delay-graph-middle" d={`M0 ${HEIGHT / 2}H${WIDTH}`} />
          <path ref={target} className="delay-graph-target" />
          <path ref={depth} className="delay-graph-depth" />
        </svg>
        <span ref={top} className="delay-graph-top reading" aria-hidden="true" />
      </div>
      <figcaption>
        <span aria-hidden="true">{HISTORY_MS / 1_000} s ago</span>
        <span className="delay-key" data-curve="depth">
          Depth{' '}
          <span className="reading">
            <LiveText
              read={(feed) => millisecondsText(feed.speaker(speakerKey)?.jitterBufferCurrentDelayMs ?? null)}
            />
          </span>
        </span>
        <span className="delay-key" data-curve="target">
          Target{' '}
          <span className="reading">
            <LiveText
              read={(feed) => {
                const one = feed.speaker(speakerKey);
                return one === null ? UNKNOWN : millisecondsText(one.jitterBufferTargetDelayMs);
              }}
            />
          </span>
        </span>
        <span aria-hidden="true">now</span>
      </figcaption>
    </figure>
  );
}
