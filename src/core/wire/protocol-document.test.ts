import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as frameQueue from '../jitter/frame-queue.ts';
import * as restartDetector from '../jitter/restart-detector.ts';
import * as redundantPayload from '../redundancy/redundant-payload.ts';
import * as guessLimit from '../relay/guess-limit.ts';
import * as hearingDesk from '../relay/hearing-desk.ts';
import * as inbox from '../relay/inbox.ts';
import * as keyLimits from '../relay/key-limits.ts';
import * as lanes from '../relay/lanes.ts';
import * as packedAddress from '../relay/packed-address.ts';
import * as sessions from '../relay/sessions.ts';
import * as keyRing from '../seal/key-ring.ts';
import * as replayWindow from '../seal/replay-window.ts';
import * as sealedDatagram from '../seal/sealed-datagram.ts';
import * as voiceSender from '../voice/voice-sender.ts';
import * as channels from './channels.ts';
import * as chat from './chat.ts';
import * as control from './control.ts';
import * as datagram from './datagram.ts';
import * as fields from './fields.ts';
import * as hearing from './hearing.ts';
import * as invite from './invite.ts';
import * as keyDelivery from './key-delivery.ts';
import * as login from './login.ts';
import * as probe from './probe.ts';
import * as refusal from './refusal.ts';
import * as roles from './roles.ts';
import * as rule from './rule.ts';
import vectors from './vectors.json' with { type: 'json' };

/** The formatter pads the columns of tables: how wide they are is nothing to test. */
const document = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8').replace(
  / {2,}/g,
  ' ',
);

describe('docs/protocol.md', () => {
  it('names only constants that exist', () => {
    const wire = {
      ...channels,
      ...chat,
      ...control,
      ...datagram,
      ...fields,
      ...hearing,
      ...invite,
      ...keyDelivery,
    };
    const relay = {
      ...guessLimit,
      ...hearingDesk,
      ...inbox,
      ...keyLimits,
      ...lanes,
      ...packedAddress,
      ...sessions,
    };
    const seal = { ...keyRing, ...replayWindow, ...sealedDatagram, ...voiceSender, ...redundantPayload };
    const constants = {
      ...frameQueue,
      ...restartDetector,
      ...wire,
      ...login,
      ...probe,
      ...roles,
      ...relay,
      ...seal,
    };
    const named = [...document.matchAll(/`([A-Z]+(?:_[A-Z0-9]+)+)`/g)].map((match) => match[1] ?? '');
    expect(named.length).toBeGreaterThan(20);
    for (const name of named) expect(constants).toHaveProperty(name);
  });

  it('gives every flag its value', () => {
    for (const [name, value] of Object.entries(datagram).filter(([key]) => /^FLAG_[A-Z]+$/.test(key))) {
      expect(document).toContain(`| \`${name}\` | 0x${Number(value).toString(16).padStart(2, '0')} |`);
    }
  });

  it('names every message, every request, every code, every rule and every reason', () => {
    const types = [...control.clientMessageSchema.options, ...control.relayMessageSchema.options].flatMap(
      (option) => [...option.shape.type.values],
    );
    const { datagrams, probes, redundant } = vectors;
    const invalid = [...datagrams.invalid, ...probes.invalid, ...redundant.invalid];
    const reasons = invalid.map((vector) => vector.reason);
    const kinds = [...control.requestSchema.options, ...rule.ruleSchema.options].flatMap((option) => [
      ...option.shape.kind.values,
    ]);
    for (const name of [...types, ...kinds, ...refusal.refusalCodeSchema.options, ...reasons]) {
      expect(document).toContain(`\`${name}\``);
    }
  });

  it('gives the offsets that the codec uses', () => {
    expect(document).toContain(`| ${datagram.HEADER_BYTES} | target | ${datagram.WHISPER_TARGET_BYTES} |`);
    expect(document).toContain(`| ${datagram.HEADER_BYTES} | kind | 1 |`);
    const macOffset = probe.PROBE_DATAGRAM_BYTES - probe.PROBE_MAC_BYTES;
    expect(document).toContain(`| ${macOffset} | MAC | ${probe.PROBE_MAC_BYTES} |`);
  });
});
