import { type KeyboardEvent, type ReactElement, useRef } from 'react';
import { Icon } from './icons.tsx';
import './tabs.css';

/** One tab; `mark` says what is wrong behind it, empty: nothing. */
export interface Tab<Id extends string> {
  readonly id: Id;
  readonly label: string;
  readonly mark?: string;
}

interface TabListProps<Id extends string> {
  readonly label: string;
  readonly tabs: readonly Tab<Id>[];
  readonly chosen: Id;
  readonly onChoose: (id: Id) => void;
  /** Begins the ids and test ids of the tabs; the panel of one is `${prefix}-panel-${id}`. */
  readonly prefix: string;
}

/** Steps by key (ARIA Authoring Practices, tabs): left and right go round, Home and End to the ends. */
function nextIndex(key: string, at: number, count: number): number | null {
  switch (key) {
    case 'ArrowRight':
    case 'ArrowDown':
      return (at + 1) % count;
    case 'ArrowLeft':
    case 'ArrowUp':
      return (at - 1 + count) % count;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return null;
  }
}

/** A row of tabs, two rows where it is narrow; one stop of the keyboard, arrows choose. */
export function TabList<Id extends string>(props: TabListProps<Id>): ReactElement {
  const { label, tabs, chosen, onChoose, prefix } = props;
  const row = useRef<HTMLDivElement>(null);
  const press = (event: KeyboardEvent): void => {
    const at = tabs.findIndex((tab) => tab.id === chosen);
    const next = nextIndex(event.key, at, tabs.length);
    const tab = next === null ? undefined : tabs[next];
    if (tab === undefined) return;
    event.preventDefault();
    onChoose(tab.id);
    row.current?.querySelector<HTMLElement>(`#${prefix}-tab-${tab.id}`)?.focus();
  };
  return (
    <div ref={row} className="tab-list" role="tablist" aria-label={label} onKeyDown={press}>
      {tabs.map((tab) => (
        <button
          key={tab.id}
          id={`${prefix}-tab-${tab.id}`}
          type="button"
          role="tab"
          className="tab"
          data-testid={`${prefix}-tab-${tab.id}`}
          aria-selected={tab.id === chosen}
          aria-controls={`${prefix}-panel-${tab.id}`}
          tabIndex={tab.id === chosen ? 0 : -1}
          onClick={() => onChoose(tab.id)}
        >
          {tab.label}
          {tab.mark === undefined || tab.mark === '' ? null : (
            <>
              <Icon name="warning" size={14} />
              <span className="visually-hidden">, {tab.mark}</span>
            </>
          )}
        </button>
      ))}
    </div>
  );
}
