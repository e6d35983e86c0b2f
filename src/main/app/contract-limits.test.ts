import { describe, expect, it } from 'vitest';
import { adminChannelConfigSchema, reasonTextSchema, roomTextSchema } from '../../contract/admin.ts';
import * as limits from '../../contract/limits.ts';
import { channelConfigSchema, permissionSchema } from '../../contract/room.ts';
import { CHAOS_RANGES, chaosSettingsSchema } from '../../contract/testing.ts';
import { chaosPresets } from '../../core/chaos/chaos-presets.ts';
import { CHAOS_LIMITS, CHAOS_OFF } from '../../core/chaos/chaos-settings.ts';
import * as trace from '../../core/chaos/trace-document.ts';
import * as channels from '../../core/wire/channels.ts';
import * as chat from '../../core/wire/chat.ts';
import * as control from '../../core/wire/control.ts';
import * as fields from '../../core/wire/fields.ts';
import * as roles from '../../core/wire/roles.ts';

/** The contract may not import the core, so what stands in both is held together here. */
describe('limits of the contract', () => {
  it('are those of the relay where they mean the same', () => {
    expect(limits.MAX_CHAT_TEXT_BYTES).toBe(chat.MAX_CHAT_BYTES);
    expect(limits.DEFAULT_ROOM_PORT).toBe(control.DEFAULT_PORT);
    expect(limits.MAX_WHISPER_LIST_MEMBERS).toBe(control.MAX_WHISPER_TARGETS);
    expect(permissionSchema.options).toEqual(roles.permissionSchema.options);
  });

  it('let everything through that the relay takes', () => {
    expect(limits.MAX_REASON_TEXT_LENGTH).toBeGreaterThanOrEqual(fields.MAX_REASON_LENGTH);
    expect(limits.MAX_SECRET_TEXT_LENGTH).toBeGreaterThanOrEqual(fields.MAX_PASSWORD_LENGTH);
    expect(limits.MAX_NAME_TEXT_LENGTH).toBeGreaterThanOrEqual(fields.MAX_ROOM_NAME_LENGTH);
  });

  it('take the names and reasons of the relay, and no others', () => {
    const texts = ['', ' a ', 'a\nb', 'a\u202eb', 'a\ud800', '\u65e5'.repeat(64), 'x'.repeat(65)];
    for (const text of texts) {
      const { success } = fields.roomNameSchema.safeParse(text);
      expect(roomTextSchema.safeParse(text).success).toBe(success);
    }
    for (const text of [
      ...texts,
      'x'.repeat(fields.MAX_REASON_LENGTH),
      'x'.repeat(fields.MAX_REASON_LENGTH + 1),
    ]) {
      const { success } = fields.reasonSchema.safeParse(text);
      expect(reasonTextSchema.safeParse(text).success).toBe(success);
    }
  });

  it('take the channel configs of the relay, and no others', () => {
    const config: channels.ChannelConfig = {
      bitrate: 510_000,
      frameSamples: 2880,
      redundancyCopies: 2,
      maxMembers: channels.MAX_CHANNEL_MEMBERS,
      listeners: true,
      enterRole: 1,
      speakRole: 1,
      whisperRole: 1,
      manageRole: 3,
      historyDays: channels.MAX_HISTORY_DAYS,
    };
    for (const schema of [channelConfigSchema, adminChannelConfigSchema, channels.channelConfigSchema]) {
      expect(schema.safeParse(config).success).toBe(true);
      for (const change of [
        { bitrate: 510_001 },
        { bitrate: 5_999 },
        { frameSamples: 120 },
        { maxMembers: channels.MAX_CHANNEL_MEMBERS + 1 },
        { historyDays: channels.MAX_HISTORY_DAYS + 1 },
        { redundancyCopies: 3 },
        { another: 1 },
      ])
        expect(schema.safeParse({ ...config, ...change }).success).toBe(false);
    }
  });

  it('take the chaos that the engine takes, and the traces', () => {
    expect(CHAOS_RANGES).toEqual(CHAOS_LIMITS);
    expect(chaosSettingsSchema.safeParse(CHAOS_OFF).success).toBe(true);
    for (const { settings } of chaosPresets)
      expect(chaosSettingsSchema.safeParse(settings).success).toBe(true);
    expect(limits.MAX_TRACE_TEXT_LENGTH).toBe(trace.MAX_TRACE_TEXT_LENGTH);
  });
});
