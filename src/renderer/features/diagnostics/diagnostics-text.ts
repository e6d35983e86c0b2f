import type { Diagnostics, SpeakerDiagnostics } from '../../../contract/diagnostics.ts';
import {
  mouthToEarText,
  speakerColumns,
  speakerDetails,
  stageLabels,
  termGroups,
  workTerms,
} from './figure-terms.ts';
import { levelText, microsecondsText, millisecondsText } from './figure-text.ts';

/** Nicknames are set by others: nothing in them may break a line or turn the direction of the text. */
function plainName(nickname: string): string {
  return nickname.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, ' ');
}

type Cells = readonly string[];

/** Rows as columns that line up: the first to the left, the others to the right. */
function columns(rows: readonly Cells[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? 0, [...cell].length);
    });
  const pad = (cell: string, at: number): string => {
    const space = ' '.repeat((widths[at] ?? 0) - [...cell].length);
    return at === 0 ? cell + space : space + cell;
  };
  return rows.map((row) => `  ${row.map(pad).join('  ')}`.trimEnd());
}

function block(title: string, rows: readonly Cells[]): readonly string[] {
  return rows.length === 0 ? [] : ['', title, ...columns(rows)];
}

function speakerName(one: SpeakerDiagnostics): string {
  return `${plainName(one.nickname)}${one.whisper ? ' (whisper)' : ''}`;
}

/**
 * All figures as a text to send to somebody.
 *
 * @param about - first line: which program, and when
 */
export function diagnosticsText(about: string, figures: Diagnostics): string {
  const { times, processing, mouthToEar, speakers } = figures;
  const lines = [
    about,
    ...termGroups.flatMap((group) =>
      block(
        group.title,
        group.terms.map((term) => [term.field, term.read(figures)]),
      ),
    ),
    ...block('Time per frame', [
      ['', 'mean', 'longest'],
      ...workTerms.map((work) => [
        work.label,
        microsecondsText(times[work.mean]),
        microsecondsText(times[work.longest]),
      ]),
    ]),
    ...block('Processing', [
      ['', 'state', 'mean', 'longest', 'in', 'out'],
      ...processing.map((stage) => [
        stageLabels[stage.stage],
        stage.state,
        microsecondsText(stage.meanUs),
        microsecondsText(stage.maxUs),
        levelText(stage.inDb),
        levelText(stage.outDb),
      ]),
    ]),
    ...processing
      .filter((stage) => stage.sentence !== '')
      .map((stage) => `  ${stageLabels[stage.stage]}: ${stage.sentence}`),
    ...block(
      `Mouth to ear: ${mouthToEarText(mouthToEar)}`,
      mouthToEar.map((part) => [
        part.name,
        millisecondsText(part.milliseconds),
        part.measured ? 'measured' : 'worked out',
      ]),
    ),
    ...block(
      'Speakers',
      speakers.length === 0
        ? []
        : [
            ['', ...speakerColumns.map((column) => column.label)],
            ...speakers.map((one) => [speakerName(one), ...speakerColumns.map((column) => column.read(one))]),
          ],
    ),
    ...speakers.flatMap((one) =>
      block(
        speakerName(one),
        speakerDetails.map((term) => [term.field, term.read(one)]),
      ),
    ),
  ];
  return `${lines.join('\n')}\n`;
}
