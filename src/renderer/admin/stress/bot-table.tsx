import { type ReactElement, useMemo, useState } from 'react';
import type { BotFigure } from '../../../contract/admin.ts';
import { Icon } from '../../ui/icons.tsx';
import { delayText, figureText, percentText } from '../state/words.ts';
import {
  type BotColumn,
  type BotOrder,
  botColumns,
  botValue,
  nextOrder,
  sortedBots,
} from './stress-words.ts';

function cellText(figure: BotFigure, column: BotColumn): string {
  const value = botValue(figure, column);
  switch (column) {
    case 'bot':
      return figure.speaking ? `${value}, speaks` : String(value);
    case 'sent':
    case 'received':
    case 'unopened':
      return figureText(value);
    case 'lossPercent':
      return percentText(value);
    case 'p50':
    case 'p99':
    case 'max':
      return delayText(value);
  }
}

/** What every bot sent and heard; its heads sort. */
export function BotTable({ figures }: { figures: readonly BotFigure[] }): ReactElement {
  const [order, setOrder] = useState<BotOrder>({ column: 'bot', descending: false });
  const shown = useMemo(() => sortedBots(figures, order), [figures, order]);
  return (
    <section className="bot-table scrolls" aria-label="Figures of every bot">
      <table className="table" data-testid="bot-table">
        <thead>
          <tr>
            {botColumns.map(({ column, label }) => (
              <ColumnHead key={column} column={column} label={label} order={order} onOrder={setOrder} />
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((figure) => (
            <tr key={figure.bot} data-testid="bot-row" data-bot={figure.bot}>
              {botColumns.map(({ column }) => (
                <td key={column} className="reading">
                  {cellText(figure, column)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface ColumnHeadProps {
  readonly column: BotColumn;
  readonly label: string;
  readonly order: BotOrder;
  readonly onOrder: (order: BotOrder) => void;
}

function ColumnHead({ column, label, order, onOrder }: ColumnHeadProps): ReactElement {
  const chosen = order.column === column;
  const sorted = order.descending ? 'descending' : 'ascending';
  return (
    <th scope="col" aria-sort={chosen ? sorted : 'none'}>
      <button
        type="button"
        className="sort"
        data-testid={`sort-${column}`}
        data-sorted={chosen ? sorted : 'none'}
        onClick={() => onOrder(nextOrder(order, column))}
      >
        {label}
        <Icon name="chevron" size={14} />
      </button>
    </th>
  );
}
