import { type FormEvent, type ReactElement, useEffect, useState } from 'react';
import type { ChaosPreset, ChaosSettings, Testing } from '../../../contract/testing.ts';
import { perform, useProgram } from '../../state/program.ts';
import { SelectField, TextField } from '../../ui/field.tsx';
import { RangeField } from '../../ui/range-field.tsx';
import { usePaced } from '../../ui/use-paced.ts';
import {
  bandStop,
  bandStopsKbps,
  bandText,
  CHAOS_OFF,
  chaosEnds,
  chaosSliders,
  distributionChoices,
  NO_CHAOS,
  OWN_MIXTURE,
  presetChoice,
  readSeed,
} from './chaos-words.ts';

/** The presets of the program; none until it told them. */
function usePresets(): readonly ChaosPreset[] {
  const { api } = useProgram();
  const [presets, setPresets] = useState<readonly ChaosPreset[]>([]);
  useEffect(() => {
    let gone = false;
    api.getChaosPresets().then(
      (answer) => {
        if (!gone) setPresets(answer);
      },
      // Without presets there are still the sliders; a lost link says so by itself.
      () => undefined,
    );
    return () => {
      gone = true;
    };
  }, [api]);
  return presets;
}

/** A bad network made on purpose, of what is sent; every slider acts at once. */
export function ChaosSection({ testing }: { testing: Testing }): ReactElement {
  const { api } = useProgram();
  const presets = usePresets();
  const [chaos, change] = usePaced(
    testing.chaos,
    (settings) => void perform(api.setChaos({ settings, seed: null })),
  );
  const set = (part: Partial<ChaosSettings>): void => change({ ...chaos, ...part });
  const chosen = presetChoice(chaos, presets);
  const choices = [
    { value: NO_CHAOS, label: 'Off' },
    ...presets.map((preset) => ({ value: preset.name, label: preset.label })),
    ...(chosen === OWN_MIXTURE ? [{ value: OWN_MIXTURE, label: 'A mixture of your own' }] : []),
  ];
  const choose = (name: string): void => {
    const preset = presets.find((one) => one.name === name);
    if (name === NO_CHAOS) change(CHAOS_OFF);
    else if (preset !== undefined) change(preset.settings);
  };
  return (
    <section className="testing-section" aria-labelledby="testing-chaos">
      <h3 id="testing-chaos" className="engraved">
        Chaos
      </h3>
      <p className="field-hint">
        Treats what you send as a bad network would. The others hear what becomes of it; what you hear stays
        as it is.
      </p>
      <SelectField label="Network" value={chosen} choices={choices} onChange={choose} testId="chaos-preset" />
      <div className="testing-sliders">
        {chaosSliders.map(({ figure, text, ...slider }) => (
          <RangeField
            key={figure}
            {...slider}
            {...chaosEnds[figure]}
            value={chaos[figure]}
            valueText={text}
            onChange={(value) => set({ [figure]: value })}
            testId={`chaos-${figure}`}
            restValue={CHAOS_OFF[figure]}
          />
        ))}
        <RangeField
          label="Width of the line"
          min={0}
          max={bandStopsKbps.length - 1}
          step={1}
          value={bandStop(chaos.bandwidthKbps)}
          valueText={(stop) => bandText(bandStopsKbps[stop] ?? 0)}
          onChange={(stop) => set({ bandwidthKbps: bandStopsKbps[stop] ?? 0 })}
          testId="chaos-bandwidthKbps"
          restValue={0}
        />
      </div>
      <SelectField
        label="How jitter is spread"
        value={chaos.jitterDistribution}
        choices={distributionChoices}
        onChange={(value) => {
          const one = distributionChoices.find((choice) => choice.value === value);
          if (one !== undefined) set({ jitterDistribution: one.value });
        }}
        testId="chaos-distribution"
      />
      <SeedField key={testing.seed} seed={testing.seed} chaos={chaos} />
    </section>
  );
}

const NO_SEED = 'A seed is a whole number from 0 to 4294967295.';

function SeedField({ seed, chaos }: { seed: number; chaos: ChaosSettings }): ReactElement {
  const { api } = useProgram();
  const [text, setText] = useState(String(seed));
  const [error, setError] = useState('');
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const next = readSeed(text);
    setError(next === null ? NO_SEED : '');
    if (next !== null) void perform(api.setChaos({ settings: chaos, seed: next }));
  };
  return (
    <form noValidate onSubmit={submit}>
      <TextField
        label="Seed"
        hint="The same seed and settings do the same to the same packets."
        value={text}
        onChange={setText}
        testId="chaos-seed"
        error={error}
        maxLength={10}
        numeric
        action={
          <button type="submit" className="button" data-testid="chaos-seed-use">
            Use
          </button>
        }
      />
    </form>
  );
}
