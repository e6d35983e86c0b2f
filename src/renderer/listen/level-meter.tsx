import { type ReactElement, useEffect, useRef } from 'react';
import { restingMeter, stepMeter } from '../features/devices/meter-ballistics.ts';
import { decibelText, METER_FLOOR_DB, meterFraction, meterMarksDb } from '../features/devices/meter-scale.ts';
import '../features/devices/devices.css';

/** How often the value for assistive technology changes, in ms; at the bar's pace it could not be read. */
const SPOKEN_MS = 1_000;

/** Where the page's levels come from. */
export interface LevelSource {
  /** @returns ends it */
  subscribe(onLevel: (levelDb: number) => void): () => void;
}

/** The level of what is heard. Drawn past React: twenty renders a second would be felt on a small machine. */
export function LevelMeter({ levels }: { readonly levels: LevelSource }): ReactElement {
  const cover = useRef<HTMLDivElement>(null);
  const peak = useRef<HTMLDivElement>(null);
  const spoken = useRef<HTMLMeterElement>(null);
  useEffect(() => {
    let reading = restingMeter(performance.now());
    let spokenAtMs = Number.NEGATIVE_INFINITY;
    return levels.subscribe((levelDb) => {
      reading =
        levelDb === Number.NEGATIVE_INFINITY
          ? restingMeter(performance.now())
          : stepMeter(reading, levelDb, performance.now());
      if (cover.current !== null)
        cover.current.style.transform = `scaleX(${1 - meterFraction(reading.levelDb)})`;
      if (peak.current !== null) {
        peak.current.style.transform = `translateX(${(meterFraction(reading.peakDb) - 1) * 100}%)`;
        peak.current.style.opacity = reading.peakDb > METER_FLOOR_DB ? '1' : '0';
      }
      if (spoken.current === null || reading.atMs - spokenAtMs < SPOKEN_MS) return;
      spokenAtMs = reading.atMs;
      spoken.current.value = Math.round(reading.levelDb);
      spoken.current.setAttribute('aria-valuetext', decibelText(reading.levelDb));
    });
  }, [levels]);
  return (
    <div className="meter">
      <div className="meter-frame">
        <div className="meter-bar" aria-hidden="true" data-testid="level">
          <div ref={cover} className="meter-cover" />
          <div ref={peak} className="meter-peak" />
        </div>
        <meter ref={spoken} className="visually-hidden" aria-label="Level" min={METER_FLOOR_DB} max={0} />
      </div>
      <div className="meter-scale reading" aria-hidden="true">
        {meterMarksDb().map((markDb) => (
          <span key={markDb}>{markDb === 0 ? '0' : `−${-markDb}`}</span>
        ))}
      </div>
    </div>
  );
}
