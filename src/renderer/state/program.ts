import { createContext, useContext } from 'react';
import type { Outcome, SidetoneApi } from '../../contract/ipc.ts';
import type { BrowserBridge } from '../browser-bridge.ts';
import { settle } from './outcome.ts';
import { raiseWindowNotice, useWindow } from './window-store.ts';

/** The program behind the window. `bridge` is null in Electron, where the two cannot lose each other. */
export interface Program {
  readonly api: SidetoneApi;
  readonly bridge: Pick<BrowserBridge, 'counters' | 'connect'> | null;
}

/** Hands the program down the tree. */
export const ProgramContext = createContext<Program | null>(null);

/** The program; throws outside of the window's tree. */
export function useProgram(): Program {
  const program = useContext(ProgramContext);
  if (program === null) throw new Error('useProgram is called outside of ProgramContext');
  return program;
}

/** Carries a command out whose refusal has no field to stand beside: it becomes a notice. */
export async function perform(command: Promise<Outcome>): Promise<void> {
  const outcome = await settle(command);
  // While the link is down the whole window says so already.
  if (!outcome.ok && useWindow.getState().link === 'up') raiseWindowNotice('error', outcome.sentence);
}
