import type { RefusalCode } from '../wire/refusal.ts';
import type { Rule } from '../wire/rule.ts';

/** What a request comes to. `channel`: the one it made. `later`: a password is being hashed, and the answer follows. */
export type Answer =
  | { readonly kind: 'done'; readonly channel: number | null }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly rule: Rule | null }
  | { readonly kind: 'later' };

export const DONE: Answer = Object.freeze({ kind: 'done', channel: null });
export const LATER: Answer = Object.freeze({ kind: 'later' });

/** Done, and a channel was made. */
export function made(channel: number): Answer {
  return { kind: 'done', channel };
}

/** A no, with the rule that said it where one did. */
export function refused(code: RefusalCode, rule: Rule | null = null): Answer {
  return { kind: 'refused', code, rule };
}

/** A no by a rule about roles and rights. */
export function forbidden(rule: Rule): Answer {
  return refused('notAllowed', rule);
}
