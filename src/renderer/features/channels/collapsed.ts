/** Rooms whose collapsed channels are remembered; the one used longest ago goes. */
export const MAX_REMEMBERED_ROOMS = 50;

/** Channels remembered per room: as many as a room can have. */
const MAX_REMEMBERED_CHANNELS = 64;

/** Collapsed channels by room, the room used last at the end. */
export type CollapsedRooms = readonly (readonly [room: string, channels: readonly number[]])[];

/** Reads what was stored; what is not in its shape counts as nothing remembered. */
export function readCollapsed(stored: string | null): CollapsedRooms {
  let value: unknown;
  try {
    value = JSON.parse(stored ?? '[]');
  } catch {
    return [];
  }
  if (!Array.isArray(value)) return [];
  const rooms = value.flatMap((entry: unknown): [string, number[]][] => {
    if (!Array.isArray(entry)) return [];
    const [room, channels] = entry as readonly unknown[];
    if (typeof room !== 'string' || !Array.isArray(channels)) return [];
    return [[room, channels.filter((one) => Number.isInteger(one)).slice(0, MAX_REMEMBERED_CHANNELS)]];
  });
  return rooms.slice(-MAX_REMEMBERED_ROOMS);
}

/** What is collapsed in a room. */
export function collapsedIn(rooms: CollapsedRooms, room: string): ReadonlySet<number> {
  return new Set(rooms.find(([name]) => name === room)?.[1] ?? []);
}

/** The memory after one channel was collapsed or opened. */
export function withCollapsed(
  rooms: CollapsedRooms,
  room: string,
  channel: number,
  collapsed: boolean,
): CollapsedRooms {
  const channels = [...collapsedIn(rooms, room)].filter((one) => one !== channel);
  if (collapsed) channels.push(channel);
  const others = rooms.filter(([name]) => name !== room);
  const entry = [room, channels.slice(-MAX_REMEMBERED_CHANNELS)] as const;
  return [...others, ...(channels.length === 0 ? [] : [entry])].slice(-MAX_REMEMBERED_ROOMS);
}
