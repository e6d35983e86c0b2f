import { kickRequestSchema, roomConfigSchema } from '../../../contract/admin.ts';

/** Longest reason for a kick or a ban that the relay takes, in UTF-16 units. */
export const MAX_REASON = kickRequestSchema.shape.reason.maxLength ?? 0;

/** Longest name of a room, in UTF-16 units. */
export const MAX_ROOM_NAME = roomConfigSchema.shape.name.maxLength ?? 0;

/** Most members that a room can be told to take. */
export const MAX_ROOM_MEMBERS = roomConfigSchema.shape.maxMembers.maxValue ?? 0;
