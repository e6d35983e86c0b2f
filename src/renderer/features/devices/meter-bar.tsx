import { type ReactElement, type ReactNode, useEffect, useRef } from 'react';
import { useProgram } from '../../state/program.ts';
import { type MeterReading, restingMeter, stepMeter } from './meter-ballistics.ts';
import { decibelText, METER_FLOOR_DB, meterFraction, meterMarksDb } from './meter-scale.ts';
import './devices.css';

/** Silence from the program for this long puts the bar to rest, in ms: eight missed updates. */
const STALE_MS = 400;

/** How often the value for assistive technology changes, in ms; at the bar's pace it could not be read. */
const SPOKEN_MS = 1_000;

interface MeterBarProps {
  readonly side: 'input' | 'output';
  readonly label: string;
  readonly testId?: string;
  /** Low and without a scale. */
  readonly compact?: boolean;
  /** Drawn over the bar, on its scale. */
  readonly children?: ReactNode;
}

/**
 * A live level: segments, a peak mark, a scale.
 *
 * Updates go straight to the elements: twenty renders a second of the tree would be felt on a small machine. A
 * reading that did not change touches nothing, so that silence costs nothing.
 */
export function MeterBar({ side, label, testId, compact = false, children }: MeterBarProps): ReactElement {
  const { api } = useProgram();
  const frame = useRef<HTMLDivElement>(null);
  const spoken = useRef<HTMLMeterElement>(null);
  const cover = useRef<HTMLDivElement>(null);
  const peak = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let reading: MeterReading = restingMeter(performance.now());
    let spokenAtMs = Number.NEGATIVE_INFINITY;
    let stale: ReturnType<typeof setTimeout> | undefined;
    let drawn = '';
    const speak = (): void => {
      if (spoken.current === null || reading.atMs - spokenAtMs < SPOKEN_MS) return;
      spokenAtMs = reading.atMs;
      spoken.current.value = Math.round(reading.levelDb);
      spoken.current.setAttribute('aria-valuetext', decibelText(reading.levelDb));
    };
    const draw = (): void => {
      speak();
      const level = meterFraction(reading.levelDb).toFixed(3);
      const top = meterFraction(reading.peakDb).toFixed(3);
      if (`${level} ${top}` === drawn) return;
      drawn = `${level} ${top}`;
      if (cover.current !== null) cover.current.style.transform = `scaleX(${1 - Number(level)})`;
      if (peak.current !== null) {
        peak.current.style.transform = `translateX(${(Number(top) - 1) * 100}%)`;
        peak.current.style.opacity = Number(top) > 0 ? '1' : '0';
      }
      if (frame.current !== null) frame.current.dataset.db = reading.levelDb.toFixed(1);
    };
    const rest = (): void => {
      reading = restingMeter(performance.now());
      // No later update would bring the rest to whoever listens.
      spokenAtMs = Number.NEGATIVE_INFINITY;
      draw();
    };
    const end = api.onMetersChanged((meters) => {
      reading = stepMeter(reading, side === 'input' ? meters.inputDb : meters.outputDb, performance.now());
      draw();
      clearTimeout(stale);
      stale = setTimeout(rest, STALE_MS);
    });
    draw();
    return () => {
      end();
      clearTimeout(stale);
    };
  }, [api, side]);
  return (
    <div className="meter" data-compact={compact}>
      <div className="meter-frame">
        <div
          ref={frame}
          className="meter-bar"
          aria-hidden="true"
          {...(testId === undefined ? {} : { 'data-testid': testId })}
        >
          <div ref={cover} className="meter-cover" />
          <div ref={peak} className="meter-peak" />
        </div>
        <meter ref={spoken} className="visually-hidden" aria-label={label} min={METER_FLOOR_DB} max={0} />
        {children}
      </div>
      {compact ? null : (
        <div className="meter-scale reading" aria-hidden="true">
          {meterMarksDb().map((markDb) => (
            <span key={markDb}>{markDb === 0 ? '0' : `−${-markDb}`}</span>
          ))}
        </div>
      )}
    </div>
  );
}
