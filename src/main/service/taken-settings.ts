import { z } from 'zod';
import { readPrivateFile, writePrivateFile } from '../base/private-file.ts';
import { settingsSchema } from './settings.ts';

/** The settings that the room keeps itself, and that the dashboard changes too. */
const roomSettingsSchema = settingsSchema.pick({ room_name: true, max_members: true }).strip();
export type RoomSettings = z.infer<typeof roomSettingsSchema>;

const storedSchema = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue('is not JSON');
    return z.NEVER;
  }
});

/**
 * What the room was last given from the settings, in a file of the data folder: only what has changed in the settings
 * since then is given to it again, so that whichever was changed last holds, the settings or the dashboard.
 */
export class TakenSettings {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Null: nothing yet, or nobody can read it. */
  read(): RoomSettings | null {
    const text = readPrivateFile(this.#path)?.toString('utf8');
    const stored = storedSchema.pipe(roomSettingsSchema).safeParse(text);
    return stored.success ? stored.data : null;
  }

  /** @throws Error when the disk refuses */
  write({ room_name, max_members }: RoomSettings): void {
    writePrivateFile(this.#path, `${JSON.stringify({ room_name, max_members })}\n`);
  }
}
