/** Receive buffer asked of the kernel: what 100 speakers send in 100 ms, for a relay that was held up. */
export const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/** Send buffer asked of the kernel: one round to the largest room while the network card is busy. */
export const SEND_BUFFER_BYTES = 4 * 1024 * 1024;

/**
 * Room for one datagram: some more than the longest of the protocol (1200 bytes), so that one a little longer is seen
 * to be too long by whoever knows the protocol. The addon's slots have the same.
 */
export const MAX_RECEIVED_BYTES = 1280;
