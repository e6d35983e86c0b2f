/** Stands in for Argon2id in simulations: whoever reads it has the password. */
export function toyPasswordHash(password: string): string {
  return `$toy$${password}`;
}
