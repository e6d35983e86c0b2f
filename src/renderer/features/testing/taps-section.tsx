import { type ReactElement, useState } from 'react';
import type { Testing } from '../../../contract/testing.ts';
import { sentenceOf } from '../../state/outcome.ts';
import { useProgram } from '../../state/program.ts';
import { FieldError, SwitchField } from '../../ui/field.tsx';
import { Icon } from '../../ui/icons.tsx';
import { tapsSentence } from './testing-words.ts';

/** Records the sound at three places inside the program. */
export function TapsSection({ taps }: { taps: Testing['taps'] }): ReactElement {
  const { api } = useProgram();
  const [error, setError] = useState('');
  const sentence = tapsSentence(taps);
  return (
    <section className="testing-section" aria-labelledby="testing-taps">
      <h3 id="testing-taps" className="engraved">
        Sound taps
      </h3>
      <SwitchField
        label="Record the sound inside of Sidetone"
        hint="Writes the microphone, what is made of it, and every voice you hear as sound files on this computer. They are not sealed: tell the others, and delete them when you are done."
        on={taps.recording}
        onChange={(on) => void sentenceOf(api.setTaps({ on })).then(setError)}
        testId="taps"
      />
      {sentence === '' ? null : (
        <p className="taps-state" data-testid="taps-state" data-recording={taps.recording}>
          <span className="lamp" data-tone={taps.recording ? 'live' : 'off'} />
          {sentence}
        </p>
      )}
      {taps.folder === '' ? null : (
        <p className="taps-folder reading" data-testid="taps-folder">
          <span className="visually-hidden">Folder: </span>
          {taps.folder}
        </p>
      )}
      {taps.problem === '' ? null : (
        <p className="problem" role="status" data-testid="taps-problem">
          <Icon name="warning" size={16} />
          <span>{taps.problem}</span>
        </p>
      )}
      <FieldError sentence={error} testId="taps-error" />
    </section>
  );
}
