import { WebSocket } from 'ws';
import type { CommandAnswer, CommandName, CommandPayload, Outcome } from '../../src/contract/ipc.ts';
import { readBridgeFrame } from '../../src/renderer/bridge-messages.ts';

/** How long one command may take, in ms: a join that finds nobody gives up sooner. */
const MAX_ANSWER_MS = 20_000;

/** Commands that answer with an outcome and nothing more. */
type DoneCommand = {
  [Name in CommandName]: CommandAnswer<Name> extends Outcome ? Name : never;
}[CommandName];

type Waiting = { readonly resolve: (answer: unknown) => void; readonly reject: (error: Error) => void };

/** The first `name=value` of a Set-Cookie header. */
function cookieOf(response: Response): string {
  const cookie = response.headers.getSetCookie()[0]?.split(';')[0];
  if (cookie === undefined) throw new Error(`the browser shell gave no cookie (status ${response.status})`);
  return cookie;
}

/** Speaks to a running Sidetone the way its window does, without a browser. */
export class AppClient {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;

  /** @param address - as printed by the browser shell, with its token */
  static async connect(address: string): Promise<AppClient> {
    const { origin, host } = new URL(address);
    const cookie = cookieOf(await fetch(address, { redirect: 'manual' }));
    const socket = new WebSocket(`ws://${host}/ipc`, { headers: { cookie, origin } });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return new AppClient(socket);
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#take(String(data)));
    socket.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the browser shell hung up'));
      this.#waiting.clear();
    });
  }

  #take(text: string): void {
    const frame = readBridgeFrame(text);
    if (frame.kind !== 'answer' && frame.kind !== 'error') return;
    const waiting = this.#waiting.get(frame.id);
    this.#waiting.delete(frame.id);
    if (frame.kind === 'answer') waiting?.resolve(frame.answer);
    else waiting?.reject(new Error(frame.sentence));
  }

  /** @throws Error when the program refuses the command itself, hangs up or does not answer */
  async send<Name extends CommandName>(
    command: Name,
    payload: CommandPayload<Name>,
  ): Promise<CommandAnswer<Name>> {
    const id = this.#nextId;
    this.#nextId += 1;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      setTimeout(() => {
        if (this.#waiting.delete(id))
          reject(new Error(`${command} was not answered within ${MAX_ANSWER_MS} ms`));
      }, MAX_ANSWER_MS).unref();
    });
    this.#socket.send(JSON.stringify({ id, command, payload }));
    return (await answer) as CommandAnswer<Name>;
  }

  /**
   * A command that answers with an outcome.
   *
   * @throws Error with the sentence for the person when it is not done
   */
  async done<Name extends DoneCommand>(command: Name, payload: CommandPayload<Name>): Promise<void> {
    const outcome = await this.send(command, payload);
    if (!outcome.ok) throw new Error(`${command}: ${outcome.sentence}`);
  }

  close(): void {
    this.#socket.close();
  }
}
