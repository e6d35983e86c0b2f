import { create } from 'zustand';

/** Whether the overlay is open: a store of its own, so that the window around it does not render for it. */
export const useDiagnosticsOpen = create<{ readonly open: boolean }>(() => ({ open: false }));

/** Opens or closes the overlay. */
export function showDiagnostics(open: boolean): void {
  useDiagnosticsOpen.setState({ open });
}
