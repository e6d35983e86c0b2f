/** Largest id: they travel as u32. */
const MAX_ID = 0xffff_ffff;

/**
 * The next id after `last` that is not taken, starting over at `first` behind the largest. Going upwards keeps an id
 * that was removed out of use for as long as possible: somebody may still mean the old one.
 *
 * Ends because fewer ids are taken than there are.
 */
export function nextFreeId(last: number, first: number, taken: (id: number) => boolean): number {
  let id = last;
  do id = id >= MAX_ID ? first : id + 1;
  while (taken(id));
  return id;
}
