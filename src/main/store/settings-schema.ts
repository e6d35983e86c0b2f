import { z } from 'zod';
import { activationSchema, bindingSchema, whisperListSchema } from '../../contract/dto.ts';
import { MAX_NAME_TEXT_LENGTH, MAX_WHISPER_LIST_MEMBERS } from '../../contract/limits.ts';
import { processingSettingsSchema, talkTimingSchema } from '../../contract/sound.ts';
import { MAX_WHISPER_LISTS } from '../../core/wire/control.ts';

const storedListSchema = whisperListSchema.extend({
  name: z.string().max(MAX_NAME_TEXT_LENGTH),
  targets: z.array(z.string().max(64)).max(MAX_WHISPER_LIST_MEMBERS),
});

/** Each setting by name; kept as JSON, one row each. */
const settingsSchema = z.object({
  nickname: z.string().max(MAX_NAME_TEXT_LENGTH),
  activation: activationSchema,
  gateThresholdDb: z.number().min(-100).max(0),
  pushToTalk: bindingSchema.nullable(),
  inputId: z.string().max(512),
  outputId: z.string().max(512),
  inviteAddress: z.string().max(255).nullable(),
  whisperLists: z.array(storedListSchema).max(MAX_WHISPER_LISTS),
  replyKey: bindingSchema.nullable(),
  processing: processingSettingsSchema,
  talkTiming: talkTimingSchema,
  audioBuffers: z.record(z.string().max(600), z.number().int().min(0).max(16)),
});
export type Settings = z.infer<typeof settingsSchema>;

const defaultSettings: Settings = {
  nickname: '',
  // Nobody has bound a key at first start, and an open microphone is no surprise to spring on anyone.
  activation: 'voiceActivity',
  gateThresholdDb: -45,
  pushToTalk: null,
  inputId: '',
  outputId: '',
  inviteAddress: null,
  whisperLists: [],
  replyKey: null,
  processing: {
    highPass: true,
    echoCancellation: true,
    noiseSuppression: 'light',
    gainControl: true,
    limiter: true,
  },
  // The first sound of a word comes before anybody could have noticed that one begins.
  talkTiming: { releaseDelayMs: 100, preRollMs: 60 },
  audioBuffers: {},
};

/**
 * The settings as `values` has them, and the default for each that it lacks or that is not what it should be; `bad`
 * counts the latter. Unknown names are passed over.
 */
export function readSettings(values: Readonly<Record<string, unknown>>): { settings: Settings; bad: number } {
  const good: Record<string, unknown> = { ...defaultSettings };
  let bad = 0;
  for (const name of Object.keys(settingsSchema.shape) as (keyof Settings)[]) {
    if (!Object.hasOwn(values, name)) continue;
    const value = settingsSchema.shape[name].safeParse(values[name]);
    if (value.success) good[name] = value.data;
    else bad += 1;
  }
  return { settings: settingsSchema.parse(good), bad };
}
