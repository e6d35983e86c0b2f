import { type ReactElement, useRef } from 'react';
import type { DelayPart } from './diagnostics-feed.ts';
import { Fold } from './figure-sections.tsx';
import { mouthToEarText } from './figure-terms.ts';
import { millisecondsText, UNKNOWN } from './figure-text.ts';
import { LiveFigure, useDrawn, useShape } from './live.tsx';
import './mouth-to-ear.css';

/** The way of the sound from one's mouth to the ear of somebody at the same distance, stage by stage. */
export function MouthToEar(): ReactElement {
  const { parts } = useShape();
  const worked = parts.some((part) => !part.measured);
  return (
    <Fold
      id="mouth-to-ear"
      title={
        <>
          Mouth to ear
          <span className="fold-sum reading" data-testid="mouth-to-ear-sum">
            <LiveFigure read={({ mouthToEar }) => mouthToEarText(mouthToEar)} />
          </span>
        </>
      }
    >
      {parts.length === 0 ? (
        <p className="field-hint">Nothing is on its way: you are in no room.</p>
      ) : (
        <>
          <div className="delay-bar" aria-hidden="true">
            {parts.map((part, at) => (
              <BarPart key={part.name} part={part} at={at} />
            ))}
          </div>
          <ol className="delay-parts">
            {parts.map((part, at) => (
              <li key={part.name} className="delay-tone delay-part">
                <span className="delay-swatch delay-fill" data-measured={part.measured} />
                <span className="delay-name">{part.name}</span>
                <span className="reading">
                  <LiveFigure
                    read={({ mouthToEar }) => {
                      const one = mouthToEar[at];
                      if (one === undefined) return UNKNOWN;
                      return `${one.measured ? '' : '≈ '}${millisecondsText(one.milliseconds)}`;
                    }}
                  />
                  {part.measured ? null : <span className="visually-hidden">, worked out</span>}
                </span>
              </li>
            ))}
          </ol>
          {worked ? (
            <p className="field-hint delay-note">Hatched and ≈: worked out from settings, not measured.</p>
          ) : null}
        </>
      )}
    </Fold>
  );
}

/** As wide as its share of the whole way. */
function BarPart({ part, at }: { part: DelayPart; at: number }): ReactElement {
  const box = useRef<HTMLDivElement>(null);
  const shown = useRef('');
  useDrawn(({ figures }) => {
    const grow = (figures?.mouthToEar[at]?.milliseconds ?? 0).toFixed(1);
    if (box.current === null || grow === shown.current) return;
    shown.current = grow;
    box.current.style.flexGrow = grow;
  });
  return (
    <div
      ref={box}
      className="delay-tone delay-share delay-fill"
      data-measured={part.measured}
      data-tip={part.name}
    />
  );
}
