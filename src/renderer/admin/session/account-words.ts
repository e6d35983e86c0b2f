import {
  accountNameSchema,
  MAX_ACCOUNT_PASSWORD_LENGTH,
  MIN_ACCOUNT_PASSWORD_LENGTH,
} from '../../../contract/admin.ts';

/** What a name may hold, as it is told to whoever chooses one. */
export const NAME_HINT = 'Letters, digits, full stops, hyphens and underscores.';
export const PASSWORD_HINT = `At least ${MIN_ACCOUNT_PASSWORD_LENGTH} characters. A few words are easier to remember than signs.`;

/** What is wrong with the name of an account; empty: nothing. */
export function nameProblem(name: string): string {
  if (name === '') return 'An account needs a name.';
  return accountNameSchema.safeParse(name).success
    ? ''
    : 'A name has letters, digits, full stops, hyphens and underscores, and no spaces.';
}

/** What is wrong with a new password; empty: nothing. */
export function passwordProblem(password: string, again: string): string {
  if (password.length < MIN_ACCOUNT_PASSWORD_LENGTH)
    return `A password has at least ${MIN_ACCOUNT_PASSWORD_LENGTH} characters.`;
  if (password.length > MAX_ACCOUNT_PASSWORD_LENGTH)
    return `A password has at most ${MAX_ACCOUNT_PASSWORD_LENGTH} characters.`;
  return password === again ? '' : 'The two passwords are not the same.';
}
