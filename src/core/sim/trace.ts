/** Lines kept for a person to read; the digest covers all of them. */
const MAX_KEPT_LINES = 200;

/** What happened in a simulation, as a digest: two runs with one digest went the same way. */
export class Trace {
  #hash = 0x811c9dc5;
  #count = 0;
  readonly #lines: string[] = [];

  /** FNV-1a (Fowler, Noll, Vo), 32 bits, and the number of lines. */
  get digest(): string {
    return `${this.#hash.toString(16).padStart(8, '0')}-${this.#count}`;
  }

  /** The newest lines. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  add(nowMs: number, what: string): void {
    const line = `${nowMs.toFixed(3)} ${what}`;
    for (let at = 0; at < line.length; at += 1) {
      this.#hash = Math.imul(this.#hash ^ line.charCodeAt(at), 0x01000193) >>> 0;
    }
    this.#count += 1;
    this.#lines.push(line);
    if (this.#lines.length > MAX_KEPT_LINES) this.#lines.shift();
  }

  /** Adds bytes by their own hash. */
  addBytes(nowMs: number, what: string, bytes: Uint8Array): void {
    let hash = 0x811c9dc5;
    for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
    this.add(nowMs, `${what} ${bytes.length} ${hash.toString(16)}`);
  }
}
