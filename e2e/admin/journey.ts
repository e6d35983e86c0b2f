import type { Row } from '../../bench/report.ts';
import type { DashboardWindow } from './dashboard-window.ts';
import type { Stage } from './stage.ts';

export interface Scene {
  readonly stage: Stage;
  readonly window: DashboardWindow;
}

/** One thing that a person does; figures of interest become part of its row. */
export interface Journey {
  readonly name: string;
  readonly run: (scene: Scene) => Promise<Row>;
}

/** @throws Error when the two are not the same */
export function expectSame(what: string, actual: unknown, expected: unknown): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected))
    throw new Error(`${what} is ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`);
}

/** @throws Error with the sentence when it does not hold */
export function expectThat(holds: boolean, sentence: string): void {
  if (!holds) throw new Error(sentence);
}
