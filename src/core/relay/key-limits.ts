/** Wait after the first change of a quiet time, in ms: long enough for two who come together, too short to be heard as a gap. */
export const FIRST_GATHER_MS = 50;

/**
 * Least time between two commits asked for, in ms: in a storm, changes gather this long at most. With the limit of
 * one second for a new epoch it leaves 700 ms for the committer's and the members' round trips.
 */
export const GATHER_MS = 250;

/** How long a committer may stay silent, in ms: a slow round trip and a commit among 200 fit into half of it. */
export const COMMIT_TIMEOUT_MS = 1_000;

/** The timeout doubles after a group was given up because of silence, so often at most: 8 s suits any line that carries voice. */
export const MAX_TIMEOUT_DOUBLINGS = 3;

/** Committers that may fail one after the other before the group is founded anew: members were without keys that long. */
export const MAX_PASSED_OVER = 4;

/** Failures after which a committer is not asked any more while anybody else can found a group. */
export const MAX_STRIKES = 2;

/** The same member is taken in anew at most once in this time, in ms: whoever floods key packages costs one commit a second. */
export const READD_INTERVAL_MS = 1_000;

/** Wait for the key package that a client sends by itself on entering, in ms; doubles with every time it is asked for. */
export const FIRST_REQUEST_MS = 1_000;

/** Times a package is asked for before the member is left without a key: 1 s, 2 s, 4 s and 8 s apart. */
export const MAX_PACKAGE_REQUESTS = 4;

/** Packages of one member that committers may skip: the third comes from a third committer, who is not to blame. */
export const MAX_SKIPS = 3;

/** Most removals in one commit: the limit of `commitWanted`; a room has fewer members. */
export const MAX_REMOVES_PER_COMMIT = 256;

/**
 * What was sent so shortly before a lane broke may not have arrived, in ms: the relay notices a dead lane after
 * LANE_TIMEOUT_MS of silence.
 */
export const UNCERTAIN_DELIVERY_MS = 30_000;
