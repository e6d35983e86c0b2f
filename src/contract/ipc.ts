import { z } from 'zod';
import { activationSchema, appStateSchema, metersSchema, statsSchema } from './dto.ts';
import {
  MAX_ADDRESS_LENGTH,
  MAX_BLOCK_MS,
  MAX_JOIN_TARGET_LENGTH,
  MAX_MEMBER_VOLUME,
  MAX_NAME_TEXT_LENGTH,
} from './limits.ts';

export { MAX_BLOCK_MS, MAX_JOIN_TARGET_LENGTH };

const nothing = z.null();
const nickname = z.string().max(MAX_NAME_TEXT_LENGTH);

/** A command's answer: done, or a sentence for the person. Bad input never throws across the boundary. */
export const outcomeSchema = z.discriminatedUnion('ok', [
  z.strictObject({ ok: z.literal(true) }),
  z.strictObject({ ok: z.literal(false), sentence: z.string() }),
]);
export type Outcome = z.infer<typeof outcomeSchema>;

/** Renderer to main: one entry per command, with the schema of its payload and of its answer. */
export const commandSchemas = {
  getState: { payload: nothing, answer: appStateSchema },
  getStats: { payload: nothing, answer: statsSchema },
  /** `target` is an invite link, `host:port` or a bare name. */
  join: {
    payload: z.strictObject({ target: z.string().max(MAX_JOIN_TARGET_LENGTH), nickname }),
    answer: outcomeSchema,
  },
  leave: { payload: nothing, answer: outcomeSchema },
  /** `address` and `port` empty (null): chosen by the program. */
  host: {
    payload: z.strictObject({
      roomName: z.string().max(MAX_NAME_TEXT_LENGTH),
      nickname,
      address: z.string().max(MAX_ADDRESS_LENGTH).nullable(),
      port: z.number().int().min(0).max(65_535).nullable(),
    }),
    answer: outcomeSchema,
  },
  stopHosting: { payload: nothing, answer: outcomeSchema },
  setInviteAddress: {
    payload: z.strictObject({ address: z.string().max(MAX_ADDRESS_LENGTH) }),
    answer: outcomeSchema,
  },
  setMuted: { payload: z.strictObject({ muted: z.boolean() }), answer: outcomeSchema },
  setDeafened: { payload: z.strictObject({ deafened: z.boolean() }), answer: outcomeSchema },
  setActivation: { payload: z.strictObject({ activation: activationSchema }), answer: outcomeSchema },
  setGateThreshold: {
    payload: z.strictObject({ thresholdDb: z.number().min(-100).max(0) }),
    answer: outcomeSchema,
  },
  /** The button in the window; the global key does not pass here. */
  setTalkButton: { payload: z.strictObject({ down: z.boolean() }), answer: outcomeSchema },
  captureBinding: { payload: z.strictObject({ capturing: z.boolean() }), answer: outcomeSchema },
  clearBinding: { payload: nothing, answer: outcomeSchema },
  selectDevice: {
    payload: z.strictObject({ side: z.enum(['input', 'output']), id: z.string().max(512) }),
    answer: outcomeSchema,
  },
  refreshDevices: { payload: nothing, answer: outcomeSchema },
  setHearYourself: { payload: z.strictObject({ on: z.boolean() }), answer: outcomeSchema },
  setMemberVolume: {
    payload: z.strictObject({ token: z.number().int(), volume: z.number().min(0).max(MAX_MEMBER_VOLUME) }),
    answer: outcomeSchema,
  },
  dismissNotice: { payload: z.strictObject({ id: z.number().int() }), answer: outcomeSchema },
  /** Debugging: keeps the main thread busy, to prove that sound does not depend on it. Refused unless SIDETONE_DEBUG=1. */
  blockMainThread: {
    payload: z.strictObject({ milliseconds: z.number().int().min(1).max(MAX_BLOCK_MS) }),
    answer: outcomeSchema,
  },
} as const;

/** Main to renderer. */
export const eventSchemas = {
  stateChanged: appStateSchema,
  metersChanged: metersSchema,
} as const;

export type CommandName = keyof typeof commandSchemas;
export type CommandPayload<Name extends CommandName> = z.infer<(typeof commandSchemas)[Name]['payload']>;
export type CommandAnswer<Name extends CommandName> = z.infer<(typeof commandSchemas)[Name]['answer']>;
export type EventName = keyof typeof eventSchemas;
export type EventPayload<Name extends EventName> = z.infer<(typeof eventSchemas)[Name]>;

/** Every command as main implements it. */
export type CommandHandlers = {
  [Name in CommandName]: (payload: CommandPayload<Name>) => Promise<CommandAnswer<Name>>;
};

/** What the renderer sees as `window.sidetone`: named methods, whichever shell carries them. */
export type SidetoneApi = {
  [Name in CommandName]: CommandPayload<Name> extends null
    ? () => Promise<CommandAnswer<Name>>
    : (payload: CommandPayload<Name>) => Promise<CommandAnswer<Name>>;
} & {
  /** @returns a function that ends the subscription */
  onStateChanged(listener: (state: EventPayload<'stateChanged'>) => void): () => void;
  onMetersChanged(listener: (meters: EventPayload<'metersChanged'>) => void): () => void;
};
