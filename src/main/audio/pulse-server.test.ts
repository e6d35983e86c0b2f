import { describe, expect, it } from 'vitest';
import { isDeviceEvent, PulseSelection, parsePulseDevices } from './pulse-server.ts';

describe('parsePulseDevices', () => {
  it('leaves monitors out and names the rest as people know them', () => {
    const text = JSON.stringify([
      {
        name: 'speaker.monitor',
        description: 'Monitor of Speaker',
        properties: { 'device.class': 'monitor' },
      },
      { name: 'odd', description: 'What the room hears', properties: { 'device.class': 'monitor' } },
      { name: 'alsa_input.usb', description: 'Headset Ärger', properties: { 'device.class': 'sound' } },
      { name: 'bare' },
    ]);
    expect(parsePulseDevices(text)).toEqual([
      { id: 'pulse:alsa_input.usb', name: 'Headset Ärger' },
      { id: 'pulse:bare', name: 'bare' },
    ]);
  });

  it('is null for what is no list of devices', () => {
    for (const text of ['', '{', '{"name":1}', '[{"name":1}]', '[{"balance":0,00}]']) {
      expect(parsePulseDevices(text)).toBeNull();
    }
  });
});

describe('isDeviceEvent', () => {
  it('tells devices from the streams that come and go on them', () => {
    expect(isDeviceEvent("Event 'new' on sink #12")).toBe(true);
    expect(isDeviceEvent("Event 'remove' on source #3")).toBe(true);
    expect(isDeviceEvent("Event 'change' on server")).toBe(true);
    expect(isDeviceEvent("Event 'new' on sink-input #12")).toBe(false);
    expect(isDeviceEvent("Event 'new' on source-output #12")).toBe(false);
    expect(isDeviceEvent("Event 'new' on client #4")).toBe(false);
  });
});

describe('PulseSelection', () => {
  it('aims one stream and gives back what was inherited', () => {
    const env: NodeJS.ProcessEnv = { PULSE_SINK: 'inherited' };
    const selection = new PulseSelection(env);
    selection.aim('output', 'pulse:headset');
    selection.aim('input', 'pulse:microphone');
    expect(env).toMatchObject({ PULSE_SINK: 'headset', PULSE_SOURCE: 'microphone' });
    selection.aim('output', '');
    selection.restore('input');
    expect(env['PULSE_SINK']).toBe('inherited');
    expect('PULSE_SOURCE' in env).toBe(false);
  });
});
