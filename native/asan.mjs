import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * Builds the native addon with AddressSanitizer and UBSan and lets the fuzz at it: `node native/asan.mjs [seeds]`.
 * Then its threads, without Node, under ThreadSanitizer.
 *
 * Exit code 0: nothing was found. Leaks count where memory was allocated by the addon; those of Node itself are not
 * ours. The ordinary build is left alone.
 */
const ROOT = resolve(import.meta.dirname, '..');
const WORK = join(ROOT, '.test-output', 'native-asan');
const ADDON = join(WORK, 'build', 'Release', 'sidetone-udp.node');
const HEADERS = join(ROOT, 'node_modules', 'node', 'node_modules', `node-linux-${process.arch}`);
const NODE = join(ROOT, 'node_modules', 'node', 'bin', 'node');
const NODE_GYP = join(ROOT, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');

const seeds = Number(process.argv[2] ?? 5);

function say(text) {
  process.stdout.write(`${text}\n`);
}

function fail(text, output = '') {
  say(`${output}\n${text}`);
  process.exit(1);
}

function build() {
  rmSync(WORK, { recursive: true, force: true });
  mkdirSync(WORK, { recursive: true });
  cpSync(join(ROOT, 'native', 'binding.gyp'), join(WORK, 'binding.gyp'));
  cpSync(join(ROOT, 'native', 'udp'), join(WORK, 'udp'), { recursive: true });
  const headers = existsSync(HEADERS) ? [`--nodedir=${HEADERS}`] : [];
  const built = spawnSync(NODE, [NODE_GYP, 'rebuild', ...headers, '--', '-Dsanitize=address,undefined'], {
    cwd: WORK,
    encoding: 'utf8',
  });
  if (built.status !== 0 || !existsSync(ADDON)) fail('the build failed', built.stdout + built.stderr);
}

function libraryPath(name) {
  const found = spawnSync('gcc', [`-print-file-name=${name}`], { encoding: 'utf8' }).stdout.trim();
  if (!found.includes('/')) fail(`the compiler has no ${name}`);
  return found;
}

/** Reports of the sanitizers, apart from leaks of memory that the addon did not allocate. */
function readReports(prefix) {
  const reports = readdirSync(WORK).filter((name) => name.startsWith(prefix));
  const text = reports.map((name) => readFileSync(join(WORK, name), 'utf8')).join('\n');
  return text
    .split(/\n(?=Direct leak|Indirect leak|=+\d+=+ERROR: AddressSanitizer|.*runtime error:)/)
    .filter((part) => /ERROR: AddressSanitizer|runtime error/.test(part) || allocatedByAddon(part));
}

/** Whether the addon asked for the memory itself: Node's own allocations stand between `malloc` and the addon. */
function allocatedByAddon(part) {
  const frames = part.split('\n').filter((line) => /^\s+#\d/.test(line));
  const caller = frames.find((line) => !/libasan|libstdc\+\+/.test(line));
  return /leak of/.test(part) && caller?.includes('sidetone-udp.node') === true;
}

build();
const preload = [libraryPath('libasan.so'), libraryPath('libubsan.so')].join(':');
for (let seed = 1; seed <= seeds; seed += 1) {
  const prefix = `report-${seed}`;
  const run = spawnSync(
    NODE,
    ['--expose-gc', join(ROOT, 'native', 'fuzz.mjs'), ADDON, String(seed), '2000'],
    {
      encoding: 'utf8',
      env: {
        ...process.env,
        LD_PRELOAD: preload,
        // V8 takes address space that the sanitizer would count; workers it ends leave alternate stacks behind.
        ASAN_OPTIONS: `log_path=${join(WORK, prefix)}:detect_leaks=1:use_sigaltstack=0:allocator_may_return_null=1`,
        LSAN_OPTIONS: 'exitcode=0:fast_unwind_on_malloc=1',
        UBSAN_OPTIONS: `print_stacktrace=1:log_path=${join(WORK, `${prefix}-undefined`)}`,
      },
    },
  );
  const reports = readReports(prefix);
  if (reports.length > 0) fail(`seed ${seed}: the sanitizers found something`, reports.join('\n'));
  if (run.status !== 0 || !run.stdout.includes('survived')) {
    fail(`seed ${seed}: exit ${run.status ?? run.signal}`, run.stdout + run.stderr);
  }
  say(`seed ${seed}: ${run.stdout.split('\n')[0]}; nothing found`);
}

function checkThreads() {
  const program = join(WORK, 'threads_check');
  const sources = ['batch', 'packet_plan', 'sender', 'sender_threads', 'udp_socket'];
  const built = spawnSync(
    'g++',
    [
      ...['-std=c++17', '-O1', '-g', '-fsanitize=thread', '-o', program],
      join(ROOT, 'native', 'threads_check.cc'),
      ...sources.map((name) => join(ROOT, 'native', 'udp', `${name}.cc`)),
      '-lpthread',
    ],
    { encoding: 'utf8' },
  );
  if (built.status !== 0) fail('the check of the threads cannot be built', built.stderr);
  const run = spawnSync(program, { encoding: 'utf8' });
  if (run.status !== 0) fail('the check of the threads failed', run.stdout + run.stderr);
  say(`${run.stdout.trim()}; nothing found`);
}

checkThreads();
