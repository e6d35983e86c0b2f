import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { z } from 'zod';

const TARGETS_FILE = new URL('./targets.json', import.meta.url);

const limitSchema = z.strictObject({ limit: z.number(), better: z.enum(['lower', 'higher']) });
const limitsSchema = z.record(z.string(), z.record(z.string(), limitSchema));

/** The limits of one command, by target name. The limit itself still meets the target. */
export type Limits = z.infer<typeof limitsSchema>[string];

/** One line of figures; the keys become the columns of the table. */
export type Row = Readonly<Record<string, string | number | boolean | null>>;

/** A figure held against its limit. `value` is null when the run could not measure it: then it is not met. */
export type Target = {
  readonly name: string;
  readonly limit: number;
  readonly value: number | null;
  readonly met: boolean;
};

/** What ran it, without anything that names the machine or its owner. */
export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
};

/** The one document a `bench:*` or `e2e:*` command prints with `--json`. */
export type Report = {
  readonly name: string;
  /** Commit of the working tree, null outside of git. */
  readonly commit: string | null;
  readonly machine: Machine;
  readonly rows: readonly Row[];
  readonly targets: readonly Target[];
};

/**
 * Reads the limits of one command out of `bench/targets.json`.
 *
 * @throws Error when the file has no entry of that name: a command without limits would always pass
 */
export function limitsOf(name: string, source: string = readFileSync(TARGETS_FILE, 'utf8')): Limits {
  const limits = limitsSchema.parse(JSON.parse(source))[name];
  if (!limits) throw new Error(`bench/targets.json has no entry for ${name}`);
  return limits;
}

/**
 * Holds measured figures against limits, in the order of the limits.
 *
 * @throws Error when a figure has no limit: it was meant to be one, or belongs in a row
 */
export function judge(limits: Limits, values: Readonly<Record<string, number | null>>): Target[] {
  for (const name of Object.keys(values)) {
    if (!(name in limits)) throw new Error(`bench/targets.json has no limit for ${name}`);
  }
  return Object.entries(limits).map(([name, { limit, better }]) => {
    const measured = values[name] ?? null;
    const value = measured !== null && Number.isFinite(measured) ? measured : null;
    const met = value !== null && (better === 'lower' ? value <= limit : value >= limit);
    return { name, limit, value, met };
  });
}

/** Cores, memory and versions of this machine. */
export function machineFacts(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
  };
}

/** The commit checked out in the folder this project lies in, or null. */
export function currentCommit(): string | null {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return null;
  }
}

/** Puts a report together from what a run measured. */
export function createReport(
  name: string,
  rows: readonly Row[],
  values: Readonly<Record<string, number | null>>,
): Report {
  return {
    name,
    commit: currentCommit(),
    machine: machineFacts(),
    rows,
    targets: judge(limitsOf(name), values),
  };
}

/** A report of a command that could not run here: it says so, and holds nothing against a limit. */
export function createNotRunReport(name: string, reason: string): Report {
  const rows = [{ check: `${name} DID NOT RUN`, reason }];
  return { name, commit: currentCommit(), machine: machineFacts(), rows, targets: [] };
}

function cell(value: Row[string] | undefined): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'number' || Number.isInteger(value)) return String(value);
  return String(Number(value.toPrecision(4)));
}

/** More columns than this do not fit a terminal: each row then names its own figures. */
const MAX_COLUMNS = 8;

function list(rows: readonly Row[]): string[] {
  return table(
    rows.map((row) => {
      const [first = ['', ''], ...figures] = Object.entries(row);
      return {
        [first[0]]: first[1],
        figures: figures.map(([key, value]) => `${key} ${cell(value)}`).join(', '),
      };
    }),
  );
}

function table(rows: readonly Row[]): string[] {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (columns.length > MAX_COLUMNS) return list(rows);
  const lines = [columns, ...rows.map((row) => columns.map((column) => cell(row[column])))];
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  return lines.map((line) =>
    line
      .map((text, i) => text.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** The report for a person: what ran where, the rows, then each target. */
export function formatReport(report: Report): string {
  const { machine } = report;
  const targets = report.targets.map((target) => ({
    target: target.name,
    value: target.value ?? 'not measured',
    limit: target.limit,
    met: target.met ? 'yes' : 'NO',
  }));
  return [
    `${report.name} at ${report.commit?.slice(0, 12) ?? 'no commit'}`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, kernel ${machine.kernel}, Node.js ${machine.node}`,
    '',
    ...table(report.rows),
    ...(targets.length === 0 ? [] : ['', ...table(targets)]),
  ].join('\n');
}

/**
 * Prints a report to stdout (one JSON document, or a table) and sets the exit code: 1 when a target is missed.
 *
 * @param options.json - as given by `--json`
 */
export function publish(report: Report, options: { readonly json: boolean }): void {
  const text = options.json ? JSON.stringify(report, null, 2) : formatReport(report);
  process.stdout.write(`${text}\n`);
  if (report.targets.some((target) => !target.met)) process.exitCode = 1;
}
