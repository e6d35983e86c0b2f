import type { Outcome } from '../../contract/ipc.ts';

/** What to say when a failure brought no sentence of its own. */
const UNKNOWN_FAILURE = 'The program did not carry that out.';

/**
 * The sentence of a rejected command.
 *
 * Electron puts "Error invoking remote method 'command:x': Error: " before what main said; people need the rest.
 */
export function failureSentence(failure: unknown): string {
  const text = failure instanceof Error ? failure.message : '';
  const sentence = text.replace(/^Error invoking remote method '[^']*': (?:\w*Error: )?/u, '');
  return sentence === '' ? UNKNOWN_FAILURE : sentence;
}

/** Turns a rejection into the refusal that the contract knows, so that callers handle one shape. */
export async function settle(command: Promise<Outcome>): Promise<Outcome> {
  try {
    return await command;
  } catch (failure) {
    return { ok: false, sentence: failureSentence(failure) };
  }
}

/** What is wrong, or an empty text: as forms show it. */
export async function sentenceOf(command: Promise<Outcome>): Promise<string> {
  const outcome = await settle(command);
  return outcome.ok ? '' : outcome.sentence;
}
