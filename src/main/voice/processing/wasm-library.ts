import { readFile } from 'node:fs/promises';
import { assert } from '../../../core/base/assert.ts';

/** A function of a wasm library: numbers in, a number out. */
export type WasmCall = (...values: number[]) => number;

/** Which exports of a library mean what: its build shortened their names. */
export type ExportNames<Name extends string> = Readonly<Record<Name, string>>;

/** All libraries used here were made by one tool, which names these the same everywhere. */
const MEMORY_EXPORT = 'c';
const START_EXPORT = 'd';
const IMPORT_MODULE = 'a';

/** A wasm library without its own loader, which would print to the console and look for a browser. */
export interface WasmLibrary<Name extends string> {
  readonly memory: WebAssembly.Memory;
  readonly calls: Readonly<Record<Name, WasmCall>>;
}

/**
 * Loads a wasm file out of a package and starts it. Its memory does not grow: what it asks for is there from the
 * start, and views of it stay valid.
 *
 * @param path of the file
 * @param imports functions it needs beyond the refusal to grow, by their short names
 * @throws Error when the file is not there, or is not the version whose names are known
 */
export async function loadWasm<Name extends string>(
  path: string,
  names: ExportNames<Name>,
  imports: (memory: () => Uint8Array) => Readonly<Record<string, (...values: number[]) => number>>,
): Promise<WasmLibrary<Name>> {
  const bytes = await readFile(path);
  // One view for all calls of its imports, of which there are several per block.
  const held = { bytes: new Uint8Array(0) };
  const { instance } = await WebAssembly.instantiate(bytes, { [IMPORT_MODULE]: imports(() => held.bytes) });
  const memory = instance.exports[MEMORY_EXPORT];
  assert(memory instanceof WebAssembly.Memory, 'the library has its memory where it had it');
  held.bytes = new Uint8Array(memory.buffer);
  callOf(instance, START_EXPORT)();
  const entries = Object.entries<string>(names).map(([name, short]) => [name, callOf(instance, short)]);
  return { memory, calls: Object.fromEntries(entries) as Record<Name, WasmCall> };
}

function callOf(instance: WebAssembly.Instance, name: string): WasmCall {
  const found = instance.exports[name];
  assert(typeof found === 'function', `the library has a function ${name}`);
  return found as WasmCall;
}

/** Answer of a library's allocator, as an address. */
export function address(value: number): number {
  const unsigned = value >>> 0;
  assert(unsigned !== 0, 'the library has the memory it needs');
  return unsigned;
}
