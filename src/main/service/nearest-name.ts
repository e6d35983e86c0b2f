/** Typing errors between two names that still look like the same word: one in three letters, and at most this many. */
const MAX_TYPING_ERRORS = 3;

/** Single letters to change, add, leave out or swap with the next to get from one text to the other. */
function typingErrors(from: string, to: string): number {
  const rows: number[][] = [];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let row = 0; row <= from.length; row += 1) {
    const current: number[] = [];
    rows.push(current);
    for (let column = 0; column <= to.length; column += 1) {
      if (row === 0 || column === 0) {
        current.push(row + column);
        continue;
      }
      const same = from[row - 1] === to[column - 1];
      let least = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + (same ? 0 : 1),
      );
      if (from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1])
        least = Math.min(least, at(row - 2, column - 2) + 1);
      current.push(least);
    }
  }
  return at(from.length, to.length);
}

/** What somebody probably meant who typed `name`: the one of `names` with the fewest typing errors; null: none is like it. */
export function nearestName(name: string, names: readonly string[]): string | null {
  const plain = (text: string): string => text.toLowerCase().replaceAll('-', '_').slice(0, 64);
  let best: string | null = null;
  let fewest = Math.min(MAX_TYPING_ERRORS, Math.ceil(name.length / 3)) + 1;
  for (const candidate of names) {
    const errors = typingErrors(plain(name), plain(candidate));
    if (errors >= fewest) continue;
    fewest = errors;
    best = candidate;
  }
  return best;
}
