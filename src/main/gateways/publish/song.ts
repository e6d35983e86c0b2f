import { MAX_TAG_VALUE_LENGTH, type Tags } from '../../../core/program/broadcast.ts';

/** Between artist and title, as source clients write both into one. */
const SEPARATOR = ' - ';

/**
 * What a source client says is on now (`/admin/metadata?mode=updinfo&…` of Icecast 2): `song` is "artist - title" or a
 * title alone; some send `artist` and `title` by themselves. Null: it says neither.
 *
 * @param search of the address, as it was sent: its percent-encoding may be of another charset than UTF-8
 */
export function songOf(search: string): Tags | null {
  const raw = new Map<string, Uint8Array>();
  for (const pair of search.replace(/^\?/, '').split('&')) {
    const [name = '', ...value] = pair.split('=');
    raw.set(name.toLowerCase(), percentDecoded(value.join('=')));
  }
  const charset = raw.has('charset') ? text(raw.get('charset'), 'utf-8') : null;
  const field = (name: string): string => text(raw.get(name), charset).trim().slice(0, MAX_TAG_VALUE_LENGTH);
  const title = field('title');
  const artist = field('artist');
  if (title !== '')
    return artist === ''
      ? [['title', title]]
      : [
          ['artist', artist],
          ['title', title],
        ];
  const song = field('song');
  if (song === '') return null;
  const at = song.indexOf(SEPARATOR);
  if (at <= 0) return [['title', song]];
  return [
    ['artist', song.slice(0, at).trim()],
    ['title', song.slice(at + SEPARATOR.length).trim()],
  ];
}

function percentDecoded(value: string): Uint8Array {
  const bytes = value
    .replaceAll('+', ' ')
    .replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
  return Buffer.from(bytes, 'latin1');
}

/** @param charset as the client names it; null, or none that is known here: UTF-8 where it is that, else Latin-1 */
function text(bytes: Uint8Array | undefined, charset: string | null): string {
  if (bytes === undefined) return '';
  for (const label of [charset, 'utf-8']) {
    if (label === null) continue;
    try {
      return new TextDecoder(label, { fatal: true }).decode(bytes);
    } catch {
      // Another charset than it says, or one that is not known.
    }
  }
  return Buffer.from(bytes).toString('latin1');
}
