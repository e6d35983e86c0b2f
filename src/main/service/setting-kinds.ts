import { z } from 'zod';
import { parseJoinTarget } from '../../core/wire/invite.ts';

/** How a setting is written down, in the file and in the environment. */
export type SettingKind = 'text' | 'number' | 'switch' | 'list';

/** What people are told about a setting. */
export interface SettingText {
  readonly kind: SettingKind;
  /** What it must be: completes "It must be …". */
  readonly expects: string;
  /** What it is for, in lines of a comment. */
  readonly about: readonly string[];
  /** Shown in the commented file where there is no default. */
  readonly example?: string;
}

/** Highest port number. */
export const MAX_PORT = 65_535;

export const portSetting = z.number().int().min(1).max(MAX_PORT);
export const pathSetting = z.string().min(1);
/** As it can stand in an invite link. */
export const hostSetting = z
  .string()
  .refine((text) => parseJoinTarget(text.includes(':') ? `[${text}]` : text).ok, 'is no host');
