import { useCallback, useState } from 'react';
import { type CollapsedRooms, collapsedIn, readCollapsed, withCollapsed } from './collapsed.ts';

const STORAGE_KEY = 'sidetone.collapsed';

function stored(): CollapsedRooms {
  try {
    return readCollapsed(localStorage.getItem(STORAGE_KEY));
  } catch {
    return [];
  }
}

/** Which channels of a room are collapsed, and how to change it; remembered where storage allows. */
export function useCollapsed(
  room: string,
): readonly [ReadonlySet<number>, (channel: number, collapsed: boolean) => void] {
  const [rooms, setRooms] = useState(stored);
  const collapse = useCallback(
    (channel: number, collapsed: boolean): void => {
      const after = withCollapsed(stored(), room, channel, collapsed);
      try {
        localStorage.setItem(STORAGE_KEY, JSON.stringify(after));
      } catch {
        // Storage can be switched off; it then lasts as long as the window.
      }
      setRooms((before) => withCollapsed(before, room, channel, collapsed));
    },
    [room],
  );
  return [collapsedIn(rooms, room), collapse];
}
