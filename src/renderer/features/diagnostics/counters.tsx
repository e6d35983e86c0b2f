import { type ReactElement, useEffect, useState } from 'react';
import type { Stats } from '../../../contract/dto.ts';
import { useProgram } from '../../state/program.ts';
import { statGroups } from './stat-groups.ts';
import './counters.css';

/** How often the counters are asked for while they are shown, in ms. */
const REFRESH_MS = 1_000;

/** Every counter of the program, for whoever looks for the reason of something; folded until then. */
export function Counters(): ReactElement {
  const [open, setOpen] = useState(false);
  return (
    <details className="fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="engraved" data-testid="counters">
        All counters
      </summary>
      {open ? <StatList /> : null}
    </details>
  );
}

function StatList(): ReactElement {
  const { api, bridge } = useProgram();
  const [stats, setStats] = useState<Stats | null>(null);
  useEffect(() => {
    let asked = false;
    let ended = false;
    const ask = async (): Promise<void> => {
      // One question at a time: a program that is slow to answer is not asked more often. None while nobody sees it.
      if (asked || document.hidden) return;
      asked = true;
      try {
        const answer = await api.getStats();
        const own = bridge === null ? {} : { window: { ...bridge.counters } };
        if (!ended) setStats({ ...answer, ...own });
      } catch {
        if (!ended) setStats(null);
      } finally {
        asked = false;
      }
    };
    void ask();
    const timer = setInterval(() => void ask(), REFRESH_MS);
    return () => {
      ended = true;
      clearInterval(timer);
    };
  }, [api, bridge]);
  const groups = stats === null ? [] : statGroups(stats);
  return (
    <div className="stats" data-testid="stats">
      {groups.length === 0 ? <p className="field-hint">There are no figures yet.</p> : null}
      {groups.map((group) => (
        <section key={group.name}>
          <h3 className="engraved">{group.name}</h3>
          <dl>
            {group.rows.map((row) => (
              <div key={row.name} className="stat">
                <dt>{row.name}</dt>
                <dd className="reading">{row.value}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </div>
  );
}
