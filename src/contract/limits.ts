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

/** Longest chat text that crosses the boundary, in UTF-16 units; the relay's limit is 4 KiB of UTF-8 and comes with a sentence. */
export const MAX_CHAT_TEXT_LENGTH = 4_096;

/** Longest chat message in bytes of UTF-8, as the relay takes it: the window counts while somebody types. */
export const MAX_CHAT_TEXT_BYTES = 4_096;

/** Newest messages of one conversation that the program keeps for the window. */
export const MAX_SHOWN_CHATS = 200;

/** Longest channel password and identity passphrase that cross the boundary. */
export const MAX_SECRET_TEXT_LENGTH = 256;

/** Longest exported identity. */
export const MAX_IDENTITY_TEXT_LENGTH = 1_024;

/** Longest reason given for a kick or a ban. */
export const MAX_REASON_TEXT_LENGTH = 256;

/** Bookmarks kept; a list nobody could find anything in otherwise. */
export const MAX_BOOKMARKS = 200;

/** People on one whisper list. */
export const MAX_WHISPER_LIST_MEMBERS = 32;

/** Port of a room unless somebody says otherwise. */
export const DEFAULT_ROOM_PORT = 48_480;

/** Longest time the microphone stays open after the talk key was released, in ms. */
export const MAX_RELEASE_DELAY_MS = 1_000;

/** Most sound from before the microphone opened that is sent, in ms: more would be felt as a late answer. */
export const MAX_PRE_ROLL_MS = 200;

/** Longest text of a network trace that crosses the boundary: an hour of packets. */
export const MAX_TRACE_TEXT_LENGTH = 8_388_608;
