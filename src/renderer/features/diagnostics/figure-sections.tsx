import { type ReactElement, type ReactNode, useRef } from 'react';
import type { Diagnostics } from '../../../contract/diagnostics.ts';
import { stageLabels, type TermGroup, workTerms } from './figure-terms.ts';
import { levelText, microsecondsText, UNKNOWN } from './figure-text.ts';
import { LiveFigure, LiveText, useDrawn, useShape } from './live.tsx';
import { SeenContext, useSeen } from './seen.ts';
import { roveTerms, TermName } from './term-name.tsx';

interface FoldProps {
  readonly id: string;
  readonly title: ReactNode;
  readonly children: ReactNode;
}

/** A part of the overlay that can be folded away. */
export function Fold({ id, title, children }: FoldProps): ReactElement {
  const [box, seen] = useSeen<HTMLDetailsElement>();
  return (
    <SeenContext value={seen}>
      <details ref={box} className="fold" data-testid={`diagnostics-${id}`} open>
        <summary className="engraved">{title}</summary>
        {children}
      </details>
    </SeenContext>
  );
}

/** Figures of the whole program, name and value. */
export function FigureGroup({ group }: { group: TermGroup }): ReactElement {
  return (
    <Fold id={group.id} title={group.title}>
      <dl className="figures" onKeyDown={roveTerms}>
        {group.terms.map((term, at) => (
          <div key={term.field} className="figure">
            <dt>
              <TermName term={term} first={at === 0} />
            </dt>
            <dd className="reading" data-field={term.field}>
              <LiveFigure read={term.read} />
            </dd>
          </div>
        ))}
      </dl>
    </Fold>
  );
}

/** Time spent on one frame, by kind of work. */
export function WorkSection(): ReactElement {
  return (
    <Fold id="times" title="Time per frame">
      <table className="figure-table" onKeyDown={roveTerms}>
        <thead>
          <tr>
            <td />
            <th scope="col">mean</th>
            <th scope="col">longest</th>
          </tr>
        </thead>
        <tbody>
          {workTerms.map((work, at) => (
            <tr key={work.label}>
              <th scope="row">
                <TermName
                  term={{ ...work, field: `times.${work.mean}, times.${work.longest}` }}
                  first={at === 0}
                />
              </th>
              <td className="reading">
                <LiveFigure read={({ times }) => microsecondsText(times[work.mean])} />
              </td>
              <td className="reading">
                <LiveFigure read={({ times }) => microsecondsText(times[work.longest])} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Fold>
  );
}

type Stage = Diagnostics['processing'][number];

const stateTones: Record<Stage['state'], string> = { on: 'good', off: 'off', failed: 'bad' };

/** What is done to the microphone's sound, stage by stage: state, time, level before and after. */
export function ProcessingSection(): ReactElement {
  const { stages } = useShape();
  return (
    <Fold id="processing" title="Processing">
      <table className="figure-table">
        <thead>
          <tr>
            <td />
            <th scope="col">mean</th>
            <th scope="col">longest</th>
            <th scope="col">in</th>
            <th scope="col">out</th>
          </tr>
        </thead>
        <tbody>
          {stages.map((stage) => (
            <StageRow key={stage} name={stage} />
          ))}
        </tbody>
      </table>
    </Fold>
  );
}

function StageRow({ name }: { name: Stage['stage'] }): ReactElement {
  const read = (text: (stage: Stage) => string) => (figures: Diagnostics) => {
    const stage = figures.processing.find((one) => one.stage === name);
    return stage === undefined ? UNKNOWN : text(stage);
  };
  const whenOn = (text: (stage: Stage) => string) =>
    read((stage) => (stage.state === 'on' ? text(stage) : UNKNOWN));
  return (
    <>
      <tr>
        <th scope="row">
          <StageState name={name} />
          {stageLabels[name]}
        </th>
        <td className="reading">
          <LiveFigure read={whenOn((stage) => microsecondsText(stage.meanUs))} />
        </td>
        <td className="reading">
          <LiveFigure read={whenOn((stage) => microsecondsText(stage.maxUs))} />
        </td>
        <td className="reading">
          <LiveFigure read={whenOn((stage) => levelText(stage.inDb))} />
        </td>
        <td className="reading">
          <LiveFigure read={whenOn((stage) => levelText(stage.outDb))} />
        </td>
      </tr>
      <tr>
        <td colSpan={5} className="stage-sentence">
          <LiveText
            read={({ figures }) => (figures === null ? '' : read((stage) => stage.sentence)(figures))}
          />
        </td>
      </tr>
    </>
  );
}

/** A lamp for the eyes, the same in a word for the ears. */
function StageState({ name }: { name: Stage['stage'] }): ReactElement {
  const lamp = useRef<HTMLSpanElement>(null);
  const stateOf = (figures: Diagnostics | null): Stage['state'] =>
    figures?.processing.find((one) => one.stage === name)?.state ?? 'off';
  useDrawn(({ figures }) => {
    const tone = stateTones[stateOf(figures)];
    if (lamp.current !== null && lamp.current.dataset.tone !== tone) lamp.current.dataset.tone = tone;
  });
  return (
    <>
      <span ref={lamp} className="lamp" />
      <span className="visually-hidden">
        <LiveText read={({ figures }) => `${stateOf(figures)}: `} />
      </span>
    </>
  );
}
