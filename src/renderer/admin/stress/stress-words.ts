import type { BotFigure, BotsState } from '../../../contract/admin.ts';

/** The way of a test, in words. */
export const steps: readonly { readonly phase: BotsState['phase']; readonly label: string }[] = [
  { phase: 'joining', label: 'Joining' },
  { phase: 'exchangingKeys', label: 'Exchanging keys' },
  { phase: 'speaking', label: 'Speaking' },
  { phase: 'done', label: 'Done' },
];

/** How far a test is on its way: the index in `steps`, or -1 where it is on none of them. */
export function stepOf(phase: BotsState['phase']): number {
  if (phase === 'ending') return steps.findIndex((step) => step.phase === 'speaking');
  return steps.findIndex((step) => step.phase === phase);
}

/** Whether bots are in the room, or on their way in or out. */
export function isRunning(phase: BotsState['phase']): boolean {
  return phase === 'joining' || phase === 'exchangingKeys' || phase === 'speaking' || phase === 'ending';
}

/** How the test stands, in a sentence. */
export function phaseSentence(state: BotsState): string {
  switch (state.phase) {
    case 'idle':
      return 'No test has run yet.';
    case 'joining':
      return `${state.joined} of ${state.bots} bots have joined.`;
    case 'exchangingKeys':
      return `${state.keyed} of ${state.bots} bots hold the keys of all others.`;
    case 'speaking':
      return `${state.speakers} of ${state.bots} bots speak, for ${Math.round(state.elapsedSeconds)} seconds so far.`;
    case 'ending':
      return 'The bots leave.';
    case 'done':
      return `Done: ${state.bots} bots, ${state.speakers} of them speaking, ${Math.round(state.elapsedSeconds)} seconds.`;
    case 'failed':
      return state.sentence === '' ? 'The test failed.' : state.sentence;
  }
}

/** The bots take so much of a core that their own delay is measured, not the relay's. */
const BUSY_BOTS = 0.85;

/** What must be kept in mind about the figures; empty: nothing. */
export function figuresWarning(state: Pick<BotsState, 'botsCpu' | 'phase'>): string {
  if (state.botsCpu < BUSY_BOTS) return '';
  return `The bots themselves take ${Math.round(state.botsCpu * 100)} % of a core. Loss and delay are then partly theirs, not the relay’s: use fewer bots, or let fewer speak.`;
}

/** What the table of bots can be sorted by. */
export type BotColumn = 'bot' | 'sent' | 'received' | 'lossPercent' | 'unopened' | 'p50' | 'p99' | 'max';

export const botColumns: readonly { readonly column: BotColumn; readonly label: string }[] = [
  { column: 'bot', label: 'Bot' },
  { column: 'sent', label: 'Sent' },
  { column: 'received', label: 'Received' },
  { column: 'lossPercent', label: 'Lost' },
  { column: 'unopened', label: 'Not opened' },
  { column: 'p50', label: 'Delay p50' },
  { column: 'p99', label: 'Delay p99' },
  { column: 'max', label: 'Longest' },
];

/** By what, and which end first. */
export interface BotOrder {
  readonly column: BotColumn;
  readonly descending: boolean;
}

/** The order after a press on a column's head: another column begins with its worst end first. */
export function nextOrder(order: BotOrder, column: BotColumn): BotOrder {
  if (order.column === column) return { column, descending: !order.descending };
  return { column, descending: column !== 'bot' };
}

/** One figure of a bot. */
export function botValue(figure: BotFigure, column: BotColumn): number {
  switch (column) {
    case 'p50':
      return figure.latencyMs.p50;
    case 'p99':
      return figure.latencyMs.p99;
    case 'max':
      return figure.latencyMs.max;
    default:
      return figure[column];
  }
}

/** The bots in an order; those alike stay in the order of their numbers. */
export function sortedBots(figures: readonly BotFigure[], order: BotOrder): readonly BotFigure[] {
  const sign = order.descending ? -1 : 1;
  return [...figures].sort(
    (a, b) => sign * (botValue(a, order.column) - botValue(b, order.column)) || a.bot - b.bot,
  );
}
