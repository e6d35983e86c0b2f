/**
 * Area under the receiver operating characteristic: how often a score of the first kind is above one of the second,
 * equal ones counted half (Mann and Whitney 1947).
 *
 * @returns 0 to 1; not a number when one of the kinds is empty
 */
export function areaUnderCurve(positives: readonly number[], negatives: readonly number[]): number {
  const scores = [
    ...positives.map((score) => ({ score, positive: true })),
    ...negatives.map((score) => ({ score, positive: false })),
  ].sort((a, b) => a.score - b.score);
  let below = 0;
  let wins = 0;
  for (let start = 0; start < scores.length; ) {
    let end = start;
    let ties = 0;
    let tiedPositives = 0;
    while (end < scores.length && scores[end]?.score === scores[start]?.score) {
      if (scores[end]?.positive === true) tiedPositives += 1;
      else ties += 1;
      end += 1;
    }
    wins += tiedPositives * (below + ties / 2);
    below += ties;
    start = end;
  }
  return wins / (positives.length * negatives.length);
}
