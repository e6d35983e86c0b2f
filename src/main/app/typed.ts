import type { Outcome } from '../../contract/ipc.ts';
import { MAX_BAN_SECONDS, type Request, requestSchema } from '../../core/wire/control.ts';
import {
  MAX_PASSWORD_LENGTH,
  MAX_REASON_LENGTH,
  nicknameSchema,
  reasonSchema,
  roomNameSchema,
} from '../../core/wire/fields.ts';
import { refusalSentence } from '../../core/wire/refusal.ts';

export interface Refused {
  readonly ok: false;
  readonly sentence: string;
}

export type Checked<Value> = { readonly ok: true; readonly value: Value } | Refused;

export const DONE: Outcome = { ok: true };

export function refuse(sentence: string): { ok: false; sentence: string } {
  return { ok: false, sentence };
}

/** What is wrong with a request, by the field that no relay would take. */
const fieldSentences: Readonly<Record<string, string>> = {
  range: refusalSentence('badRange'),
  seconds: `A ban that ends lasts ${MAX_BAN_SECONDS / 31_536_000} years at most.`,
};

/** Checks what a person typed before it goes anywhere, with a sentence for what is wrong; each refusal is counted. */
export class Typed {
  readonly #countRefusal: (reason: string) => void;

  constructor(countRefusal: (reason: string) => void) {
    this.#countRefusal = countRefusal;
  }

  /** @param thing what gets the name, as in "the room" */
  name(text: string, thing: string): Checked<string> {
    const name = roomNameSchema.safeParse(text);
    return name.success
      ? { ok: true, value: name.data }
      : this.refuse('name', `Give ${thing} a name of 1 to 64 visible characters.`);
  }

  nickname(text: string): Checked<string> {
    const nickname = nicknameSchema.safeParse(text);
    return nickname.success
      ? { ok: true, value: nickname.data }
      : this.refuse('nickname', refusalSentence('nicknameInvalid'));
  }

  reason(text: string): Checked<string> {
    const reason = reasonSchema.safeParse(text.trim());
    return reason.success
      ? { ok: true, value: reason.data }
      : this.refuse('reason', `A reason has at most ${MAX_REASON_LENGTH} visible characters.`);
  }

  /** @param password null or undefined pass */
  password<Password extends string | null | undefined>(password: Password): Checked<Password> {
    if (password == null || (password.length > 0 && password.length <= MAX_PASSWORD_LENGTH))
      return { ok: true, value: password };
    return this.refuse('password', `A password has 1 to ${MAX_PASSWORD_LENGTH} characters.`);
  }

  /** No relay answers a message that it cannot read. */
  request(request: Request): Checked<Request> {
    const checked = requestSchema.safeParse(request);
    if (checked.success) return { ok: true, value: checked.data };
    const field = String(checked.error.issues[0]?.path.at(-1) ?? '');
    return this.refuse('request', fieldSentences[field] ?? 'One of the values is none that a room takes.');
  }

  refuse(reason: string, sentence: string): { ok: false; sentence: string } {
    this.#countRefusal(reason);
    return refuse(sentence);
  }
}
