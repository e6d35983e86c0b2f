/**
 * What became of one step. `notRun` says why it could not run; then it counts as one skipped.
 *
 * @typedef {{ passed: number, failed: number, skipped: number, notRun: string | null }} Result
 */

/** Exit code of a step that says it cannot run on this machine. */
const EXIT_CANNOT_RUN = 3;

/**
 * @param {string} reason
 * @returns {Result}
 */
export function didNotRun(reason) {
  return { passed: 0, failed: 0, skipped: 1, notRun: reason };
}

/**
 * @param {number} code
 * @returns {Result}
 */
export function readExit(code) {
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0, notRun: null };
}

/**
 * Counts of a vitest JSON report. A file that could not even be loaded has no failed test, yet failed.
 *
 * @param {number} code
 * @param {string} text the report, empty where none was written
 * @returns {Result}
 */
export function readVitest(code, text) {
  const report = parse(text);
  const counts = ['numPassedTests', 'numFailedTests', 'numPendingTests', 'numTodoTests'].map((name) =>
    typeof report?.[name] === 'number' ? report[name] : 0,
  );
  const [passed = 0, failed = 0, pending = 0, todo = 0] = counts;
  return atLeastOneFailure(code, { passed, failed, skipped: pending + todo, notRun: null });
}

/**
 * Counts of a report of ours: every row that was right or wrong, and every target.
 *
 * @param {number} code
 * @param {string} text what the step wrote to stdout
 * @param {string} lastWords the last line of stderr
 * @returns {Result}
 */
export function readReport(code, text, lastWords) {
  if (code === EXIT_CANNOT_RUN) return didNotRun(lastWords);
  const report = parse(text);
  const judged = [
    ...asList(report?.['rows']).map((row) => row?.ok),
    ...asList(report?.['targets']).map((t) => t?.met),
  ];
  return atLeastOneFailure(code, {
    passed: judged.filter((value) => value === true).length,
    failed: judged.filter((value) => value === false).length,
    skipped: 0,
    notRun: null,
  });
}

/**
 * The rows and targets of a report of ours that failed, one a line, for the person.
 *
 * @param {string} text
 * @returns {string}
 */
function failedParts(text) {
  const report = parse(text);
  if (report === null) return text;
  const rows = asList(report['rows']).filter((row) => row?.ok === false);
  const targets = asList(report['targets']).filter((target) => target?.met === false);
  return [...rows, ...targets].map((part) => JSON.stringify(part)).join('\n');
}

/**
 * What failed of one step, one part a line: what a person wants to read first, at the very end.
 *
 * @param {'exit' | 'vitest' | 'report'} reads
 * @param {string} text the report, or what the step wrote
 * @returns {readonly string[]}
 */
export function failuresOf(reads, text) {
  if (reads === 'exit') return [];
  if (reads === 'report') return failedParts(text).split('\n').filter(Boolean);
  const files = asList(parse(text)?.['testResults']);
  return files.flatMap((file) => {
    const failed = asList(file?.assertionResults).filter((test) => test?.status === 'failed');
    if (failed.length === 0) return file?.status === 'failed' ? [`${file?.name}: could not be loaded`] : [];
    return failed.map((test) => {
      const [first = ''] = String(test?.failureMessages?.[0] ?? '').split('\n');
      return `${test?.fullName}: ${first}`;
    });
  });
}

/**
 * A command that failed, or counted nothing, did not pass, whatever its report says.
 *
 * @param {number} code
 * @param {Result} result
 * @returns {Result}
 */
function atLeastOneFailure(code, result) {
  const nothing = result.passed + result.failed + result.skipped === 0;
  return (code !== 0 || nothing) && result.failed === 0 ? { ...result, failed: 1 } : result;
}

/**
 * The last line of a run.
 *
 * @param {readonly Result[]} results
 */
export function totals(results) {
  const sum = (/** @type {'passed' | 'failed' | 'skipped'} */ key) =>
    results.reduce((total, result) => total + result[key], 0);
  const skipped = sum('skipped');
  return `${sum('passed')} passed, ${sum('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/**
 * @param {string} text
 * @returns {Record<string, any> | null}
 */
function parse(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

/**
 * @param {unknown} value
 * @returns {any[]}
 */
function asList(value) {
  return Array.isArray(value) ? value : [];
}
