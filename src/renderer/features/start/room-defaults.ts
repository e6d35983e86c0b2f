/** A room name that needs no thought: "Ada’s room". */
export function defaultRoomName(nickname: string): string {
  const name = nickname.trim();
  return name === '' ? 'My room' : `${name}’s room`;
}

/** The port box as a command takes it: empty means that the program chooses. */
export type PortText = { readonly ok: true; readonly port: number | null } | { readonly ok: false };

/** Reads the port box; a port is a whole number from 1 to 65535 (RFC 6335). */
export function readPort(text: string): PortText {
  const trimmed = text.trim();
  if (trimmed === '') return { ok: true, port: null };
  if (!/^\d{1,5}$/u.test(trimmed)) return { ok: false };
  const port = Number(trimmed);
  return port >= 1 && port <= 65_535 ? { ok: true, port } : { ok: false };
}

/** Where a room is, in one word: an IPv6 address stands in brackets (RFC 3986 section 3.2.2). */
export function placeText(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
