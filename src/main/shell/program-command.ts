import type { CommandName, CommandPayload } from '../../contract/ipc.ts';
import type { ShellProgram } from './program.ts';

/**
 * Gives a command that no window asked for: from the tray, from a link.
 *
 * @returns the sentence of a failure, in the router or in the program; null when it was done
 */
export async function giveCommand<Name extends CommandName>(
  program: Pick<ShellProgram, 'router'>,
  command: Name,
  payload: CommandPayload<Name>,
): Promise<string | null> {
  const result = await program.router.dispatch(command, payload);
  if (!result.ok) return result.sentence;
  const { answer } = result;
  if (typeof answer !== 'object' || answer === null || !('ok' in answer) || answer.ok !== false) return null;
  return 'sentence' in answer ? String(answer.sentence) : 'That did not work.';
}
