import { randomBytes } from 'node:crypto';
import type { SeqNo, SessionToken } from '../../src/core/base/brand.ts';
import type { SealingKey } from '../../src/core/seal/aead-key.ts';
import { KeyRing } from '../../src/core/seal/key-ring.ts';
import { Opener } from '../../src/core/seal/opener.ts';
import { MAX_SEALED_PLAINTEXT_BYTES, sealDatagram } from '../../src/core/seal/sealed-datagram.ts';
import {
  createHeader,
  decodeHeader,
  encodeHeader,
  FLAG_SEALED,
  MAX_DATAGRAM_BYTES,
} from '../../src/core/wire/datagram.ts';
import { AesGcmKey } from '../../src/main/base/aes-gcm-key.ts';
import type { Row } from '../report.ts';

/** A 20 ms packet of speech at 32 kbit/s, in bytes. */
const PACKET_BYTES = 80;
/** Members who talk in turn, so that keys and windows are looked up as in a full channel. */
const SENDERS = 50;
const BATCHES = 15;

export interface SealingFigures {
  readonly rows: readonly Row[];
  /** Microseconds to seal one packet and to open it, together: the median of the batches. */
  readonly sealAndOpenUs: number;
}

/**
 * Times what the voice worker does with one packet, header and key lookup and replay window included, in batches
 * that alternate between sealing and opening.
 *
 * @param packetsPerBatch enough that a batch takes longer than a time slice of the system
 */
export function measureSealing(packetsPerBatch = 20_000): SealingFigures {
  const senders = Array.from({ length: SENDERS }, (_, at) => at + 1);
  const keys = new Map<number, SealingKey>(
    senders.map((token) => [token, { keyId: 1, key: new AesGcmKey(randomBytes(16)), salt: randomBytes(12) }]),
  );
  const ring = new KeyRing();
  ring.setEpoch(1, keys, 0);
  const opener = new Opener(ring);
  const header = createHeader();
  header.flags = FLAG_SEALED;
  const plaintext = randomBytes(PACKET_BYTES);
  const into = new Uint8Array(MAX_SEALED_PLAINTEXT_BYTES);
  const datagrams = Array.from({ length: packetsPerBatch }, () => new Uint8Array(MAX_DATAGRAM_BYTES));
  const lengths = new Uint16Array(packetsPerBatch);
  const sealUs: number[] = [];
  const openUs: number[] = [];
  let sequence = 0;

  for (let batch = 0; batch <= BATCHES; batch += 1) {
    const sealStartMs = performance.now();
    datagrams.forEach((datagram, at) => {
      sequence += 1;
      header.token = ((at % SENDERS) + 1) as SessionToken;
      header.sequence = sequence as SeqNo;
      const key = keys.get(header.token);
      if (key === undefined) throw new Error('every sender has a key');
      lengths[at] = sealDatagram(datagram, encodeHeader(header, datagram), sequence, plaintext, key);
    });
    const openStartMs = performance.now();
    datagrams.forEach((datagram, at) => {
      const length = lengths[at] ?? 0;
      decodeHeader(datagram, length, header);
      if (!opener.open(header, datagram, length, 0, into).ok) throw new Error('a packet did not open');
    });
    const endMs = performance.now();
    // The first batch warms the compiler up.
    if (batch === 0) continue;
    sealUs.push(((openStartMs - sealStartMs) * 1000) / packetsPerBatch);
    openUs.push(((endMs - openStartMs) * 1000) / packetsPerBatch);
  }

  const bothUs = sealUs.map((us, at) => us + (openUs[at] ?? 0));
  const rows = [
    { step: 'seal a 20 ms packet', ...spread(sealUs) },
    { step: 'open a 20 ms packet', ...spread(openUs) },
    { step: 'both', ...spread(bothUs) },
  ];
  return { rows, sealAndOpenUs: median(bothUs) };
}

function spread(values: readonly number[]): { medianUs: number; bestUs: number; worstUs: number } {
  return { medianUs: median(values), bestUs: Math.min(...values), worstUs: Math.max(...values) };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
