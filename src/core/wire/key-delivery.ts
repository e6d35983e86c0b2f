import { z } from 'zod';
import { writeU32 } from './big-endian.ts';
import { boundedBytesSchema, bytesSchema, identitySchema, u32Schema } from './fields.ts';

/**
 * Longest MLS key package (RFC 9420, section 10), in bytes: ours have about 300, and MAX_ADDS_PER_COMMIT of this length
 * still fit the message that asks for a commit.
 */
export const MAX_KEY_PACKAGE_BYTES = 1_024;

/** Longest commit, in bytes: one that adds MAX_ADDS_PER_COMMIT to a group of 200 whose tree is all blank. */
export const MAX_COMMIT_BYTES = 32_768;

/** Longest welcome, in bytes: the tree of 200 members is 48 KB, and each newcomer adds 100 bytes. */
export const MAX_WELCOME_BYTES = 65_536;

/** Newcomers one commit takes in: what keeps its welcome within the limit. The rest go into the next. */
export const MAX_ADDS_PER_COMMIT = 32;

/** Longest sealed whisper key, in bytes: HPKE output, key, salt and a signature take about 200. */
export const MAX_WHISPER_KEY_BYTES = 512;

/**
 * Names one state of one channel's group. `generation` is drawn anew whenever the group has to be founded again;
 * `epoch` is MLS' own and counts up with each commit.
 */
export const groupStateSchema = z.strictObject({
  channel: u32Schema,
  generation: u32Schema,
  epoch: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
});
export type GroupState = z.infer<typeof groupStateSchema>;

const GROUP_LABEL = 'sidetone group 1';

/** MLS group id of a channel in one generation: the label, a zero byte, channel and generation as u32, big-endian. */
export function groupIdOf(state: Pick<GroupState, 'channel' | 'generation'>): Uint8Array {
  const id = new Uint8Array(GROUP_LABEL.length + 9);
  for (let at = 0; at < GROUP_LABEL.length; at += 1) id[at] = GROUP_LABEL.charCodeAt(at);
  writeU32(id, GROUP_LABEL.length + 1, state.channel);
  writeU32(id, GROUP_LABEL.length + 5, state.generation);
  return id;
}

/** Key id of a channel's voice in one epoch, a byte: told apart from those before by what changed last. */
export function keyIdOf(state: Pick<GroupState, 'generation' | 'epoch'>): number {
  return (state.generation + state.epoch) & 0xff;
}

/** Client to relay. */
export const keyPackageMessageSchema = z.strictObject({
  type: z.literal('keyPackage'),
  channel: u32Schema,
  /** Encoded MLSMessage holding a KeyPackage; used once. Sent on entering a channel and when out of step. */
  package: boundedBytesSchema(MAX_KEY_PACKAGE_BYTES),
});

/** Client to relay: the answer to `commitWanted`. `state` is the one the commit starts from. */
export const commitMessageSchema = z.strictObject({
  type: z.literal('commit'),
  state: groupStateSchema,
  commit: boundedBytesSchema(MAX_COMMIT_BYTES).nullable(),
  welcome: boundedBytesSchema(MAX_WELCOME_BYTES).nullable(),
  /** Identities whose key packages were no good. */
  skipped: z.array(identitySchema).max(MAX_ADDS_PER_COMMIT),
});

/**
 * Relay to one member: make a commit that takes these in and those out.
 * With `found` there is no group yet: found one of yourself in that generation (epoch 0), then add.
 */
export const commitWantedMessageSchema = z.strictObject({
  type: z.literal('commitWanted'),
  state: groupStateSchema,
  found: z.boolean(),
  add: z
    .array(z.strictObject({ identity: identitySchema, package: boundedBytesSchema(MAX_KEY_PACKAGE_BYTES) }))
    .max(MAX_ADDS_PER_COMMIT),
  remove: z.array(identitySchema).max(256),
});

/** Relay to everybody in the group, the committer included: this is the commit of the epoch. `state` is the one before it. */
export const committedMessageSchema = z.strictObject({
  type: z.literal('committed'),
  state: groupStateSchema,
  from: identitySchema,
  /** Null: a founding without newcomers; nothing to apply. */
  commit: boundedBytesSchema(MAX_COMMIT_BYTES).nullable(),
});

/** Relay to each newcomer. `state` is the one it leads into. */
export const groupWelcomeMessageSchema = z.strictObject({
  type: z.literal('groupWelcome'),
  state: groupStateSchema,
  welcome: boundedBytesSchema(MAX_WELCOME_BYTES),
});

/** Relay to a member: send a fresh key package for the channel. `reset`: forget the group you have, it is no more. */
export const keyPackageWantedMessageSchema = z.strictObject({
  type: z.literal('keyPackageWanted'),
  channel: u32Schema,
  reset: z.boolean(),
});

/** The public half of a session's whisper key (X25519), signed by its identity. */
export const whisperPublicKeySchema = z.strictObject({
  key: bytesSchema(32),
  signature: bytesSchema(64),
});
export type WhisperPublicKey = z.infer<typeof whisperPublicKeySchema>;

/** Client to relay: a whisper key sealed to one member. `target` is what stands in the whisper's datagrams. */
export const whisperKeyMessageSchema = z.strictObject({
  type: z.literal('whisperKey'),
  to: u32Schema,
  target: u32Schema,
  sealed: boundedBytesSchema(MAX_WHISPER_KEY_BYTES),
});

/** Relay to the member the key is for. */
export const whisperKeyFromMessageSchema = z.strictObject({
  type: z.literal('whisperKeyFrom'),
  from: u32Schema,
  target: u32Schema,
  sealed: boundedBytesSchema(MAX_WHISPER_KEY_BYTES),
});
