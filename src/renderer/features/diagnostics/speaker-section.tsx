import { memo, type ReactElement, useRef, useState } from 'react';
import { Icon } from '../../ui/icons.tsx';
import type { RosterEntry } from './diagnostics-feed.ts';
import { Fold } from './figure-sections.tsx';
import { speakerColumns, speakerDetails, type Term } from './figure-terms.ts';
import { UNKNOWN } from './figure-text.ts';
import { LiveText, useDrawn, useShape } from './live.tsx';
import { SeenContext, useSeen } from './seen.ts';
import { SpeakerGraph } from './speaker-graph.tsx';
import { roveTerms, TermName } from './term-name.tsx';
import './speakers.css';

/** Everybody one hears, a line each; more about one on a press. */
export function SpeakerSection(): ReactElement {
  const { roster } = useShape();
  return (
    <Fold id="speakers" title={roster.length === 0 ? 'Speakers' : `Speakers: ${roster.length}`}>
      {roster.length === 0 ? (
        <p className="field-hint">Nobody was heard yet.</p>
      ) : (
        <table className="figure-table speakers">
          <thead onKeyDown={roveTerms}>
            <tr>
              {speakerColumns.map((column, at) => (
                <th key={column.label} scope="col">
                  <TermName term={column} first={at === 0} />
                </th>
              ))}
            </tr>
          </thead>
          {roster.map((entry) => (
            <SpeakerRows key={entry.key} entry={entry} />
          ))}
        </table>
      )}
    </Fold>
  );
}

/** Name, figures under it, and more on a press; keeps still while only figures change. */
const SpeakerRows = memo(function SpeakerRows({ entry }: { entry: RosterEntry }): ReactElement {
  const { key, nickname, whisper } = entry;
  const [open, setOpen] = useState(false);
  const [rows, seen] = useSeen<HTMLTableSectionElement>();
  return (
    <SeenContext value={seen}>
      <tbody ref={rows} data-testid="diagnostics-speaker" data-nickname={nickname}>
        <tr>
          <th scope="rowgroup" colSpan={speakerColumns.length}>
            <button
              type="button"
              className="speaker-name"
              aria-expanded={open}
              title={nickname}
              onClick={() => setOpen(!open)}
            >
              <Icon name="chevron" size={12} />
              <TalkLamp speakerKey={key} />
              {whisper ? <Icon name="whisper" size={12} /> : null}
              <bdi>{nickname}</bdi>
              {whisper ? <span className="visually-hidden"> whispering</span> : null}
            </button>
          </th>
        </tr>
        <tr>
          {speakerColumns.map((column) => (
            <td key={column.label} className="reading">
              <SpeakerFigure speakerKey={key} term={column} />
            </td>
          ))}
        </tr>
        {open ? (
          <tr>
            <td colSpan={speakerColumns.length} className="speaker-details">
              <SpeakerGraph speakerKey={key} />
              <SpeakerDetails speakerKey={key} />
            </td>
          </tr>
        ) : null}
      </tbody>
    </SeenContext>
  );
});

function TalkLamp({ speakerKey }: { speakerKey: string }): ReactElement {
  const lamp = useRef<HTMLSpanElement>(null);
  useDrawn((feed) => {
    const tone = feed.speaker(speakerKey)?.talking === true ? 'live' : 'off';
    if (lamp.current !== null && lamp.current.dataset.tone !== tone) lamp.current.dataset.tone = tone;
  });
  return <span ref={lamp} className="lamp" />;
}

type SpeakerTerm = Term<Parameters<(typeof speakerColumns)[number]['read']>[0]>;

function SpeakerFigure({ speakerKey, term }: { speakerKey: string; term: SpeakerTerm }): ReactElement {
  return (
    <LiveText
      read={(feed) => {
        const one = feed.speaker(speakerKey);
        return one === null ? UNKNOWN : term.read(one);
      }}
    />
  );
}

function SpeakerDetails({ speakerKey }: { speakerKey: string }): ReactElement {
  return (
    <dl className="speaker-figures" onKeyDown={roveTerms}>
      {speakerDetails.map((term, at) => (
        <div key={term.field} className="figure">
          <dt className="reading">
            <TermName term={term} first={at === 0} />
          </dt>
          <dd className="reading">
            <SpeakerFigure speakerKey={speakerKey} term={term} />
          </dd>
        </div>
      ))}
    </dl>
  );
}
