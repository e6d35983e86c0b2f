import { resolve } from 'node:path';
import { checkImportRules } from './import-rules.ts';
import { readSources } from './source-tree.ts';

/** `npm run check:imports`: exit 1 and one line per broken rule. An argument names another repository folder. */
const root = resolve(process.argv[2] ?? `${import.meta.dirname}/..`);
const files = readSources(root);
const violations = checkImportRules(files);
for (const { rule, path, line, sentence } of violations)
  console.error(`${path}:${line} ${rule}: ${sentence}`);
console.log(`${files.length} files, ${violations.length} broken import rules`);
process.exitCode = violations.length > 0 || files.length === 0 ? 1 : 0;
