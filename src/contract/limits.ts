/** Linear gain of one speaker: 0 silences, 1 leaves as it is, 2 is +6 dB. */
export const MAX_MEMBER_VOLUME = 2;

/** Longest text the join box takes; an invite link is far shorter. */
export const MAX_JOIN_TARGET_LENGTH = 1_024;

/** Longest nickname or room name that crosses the boundary; the relay's own limits are stricter and come with a sentence. */
export const MAX_NAME_TEXT_LENGTH = 256;

/** Longest host name (RFC 1035 section 2.3.4). */
export const MAX_ADDRESS_LENGTH = 255;

/** Longest time the debugging call may block the main thread, in ms. */
export const MAX_BLOCK_MS = 1_000;
