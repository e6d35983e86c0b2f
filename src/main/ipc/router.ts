import type { z } from 'zod';
import {
  type CommandHandlers,
  type CommandName,
  type CommandPayload,
  commandSchemas,
} from '../../contract/ipc.ts';

/** What became of one command: its answer, or a sentence for the person. */
export type DispatchResult = { ok: true; answer: unknown } | { ok: false; sentence: string };

/** The contract's schemas once more, typed so that a name, its schema and its handler stay together. */
const schemas: { readonly [Name in CommandName]: { payload: z.ZodType<CommandPayload<Name>> } } =
  commandSchemas;

/** How many commands arrived, and what became of them: `received` is the sum of the other four. */
export interface RouterCounters {
  received: number;
  answered: number;
  unknownCommand: number;
  badPayload: number;
  handlerFailed: number;
}

/** The one door from any window into main, whichever shell carries the command. */
export interface Router {
  /** Checks and runs one command. Never throws and never rejects, whatever it is given. */
  dispatch(command: string, payload: unknown): Promise<DispatchResult>;
  readonly counters: Readonly<RouterCounters>;
}

/**
 * Binds every command's schema to its handler.
 *
 * @param onFailure is told about handlers that threw: a defect of ours, of interest to a log
 */
export function createRouter(
  handlers: CommandHandlers,
  onFailure: (command: CommandName, error: unknown) => void = () => {},
): Router {
  const counters: RouterCounters = {
    received: 0,
    answered: 0,
    unknownCommand: 0,
    badPayload: 0,
    handlerFailed: 0,
  };

  async function run<Name extends CommandName>(name: Name, payload: unknown): Promise<DispatchResult> {
    const parsed = schemas[name].payload.safeParse(payload);
    if (!parsed.success) {
      counters.badPayload += 1;
      return {
        ok: false,
        sentence: `The window asked for "${name}" in a way the program does not understand.`,
      };
    }
    try {
      const answer = await handlers[name](parsed.data);
      counters.answered += 1;
      return { ok: true, answer };
    } catch (error) {
      counters.handlerFailed += 1;
      onFailure(name, error);
      return { ok: false, sentence: `Something went wrong inside Sidetone while doing "${name}".` };
    }
  }

  return {
    counters,
    async dispatch(command, payload) {
      counters.received += 1;
      if (!isCommandName(command)) {
        counters.unknownCommand += 1;
        return { ok: false, sentence: 'The window asked for something this version of Sidetone cannot do.' };
      }
      return run(command, payload);
    },
  };
}

/** Own properties only: "constructor" and "__proto__" are no commands. */
function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(commandSchemas, name);
}
