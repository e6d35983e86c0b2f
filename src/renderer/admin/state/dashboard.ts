import { createContext, useContext } from 'react';
import type { AdminApi } from '../api/admin-api.ts';
import type { EventStream } from '../api/event-stream.ts';
import type { SessionKeeper } from '../session/session-keeper.ts';

/** What stands behind the screens. */
export interface Dashboard {
  readonly api: AdminApi;
  readonly keeper: Pick<SessionKeeper, 'enter' | 'logOut' | 'ask'>;
  readonly stream: Pick<EventStream, 'tryNow'>;
}

/** Hands it down the tree. */
export const DashboardContext = createContext<Dashboard | null>(null);

/** What stands behind the screens; throws outside of the dashboard's tree. */
export function useDashboard(): Dashboard {
  const dashboard = useContext(DashboardContext);
  if (dashboard === null) throw new Error('useDashboard is called outside of DashboardContext');
  return dashboard;
}
