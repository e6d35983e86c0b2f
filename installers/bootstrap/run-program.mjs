import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { whenOrphaned } from './orphan.mjs';
import { projectEnvironment } from './places.mjs';
import { say } from './say.mjs';

/**
 * Runs the program as if it were this process: its terminal, its signals, its exit code.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @returns {Promise<number>} exit code
 */
export function runProgram(program, args) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: process.cwd(), env: projectEnvironment(), stdio: 'inherit' });
    /** @type {NodeJS.Signals[]} */
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, () => child.kill(signal));
    whenOrphaned(() => child.kill('SIGTERM'));
    child.once('error', (error) => {
      say(`${program} could not be started: ${error.message}`);
      resolve(1);
    });
    child.once('exit', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
