import { describe, expect, it } from 'vitest';
import { HANGOVER_MS, TalkGate, VOICE_PROBABILITY } from './talk-gate.ts';

const LOUD_DB = -20;
const QUIET_DB = -80;
const FRAME_MS = 20;

function gateIn(mode: TalkGate['mode']): TalkGate {
  const gate = new TalkGate();
  gate.mode = mode;
  return gate;
}

describe('TalkGate', () => {
  it('sends while the key is held, and one last frame after its release', () => {
    const gate = gateIn('pushToTalk');
    expect(gate.handleFrame(LOUD_DB, FRAME_MS)).toBe('hold');
    gate.pushToTalkHeld = true;
    expect(gate.handleFrame(QUIET_DB, FRAME_MS)).toBe('send');
    gate.pushToTalkHeld = false;
    expect(gate.handleFrame(LOUD_DB, FRAME_MS)).toBe('last');
    expect(gate.handleFrame(LOUD_DB, FRAME_MS)).toBe('hold');
  });

  it('stays open over a pause of the hang-over, and closes after it', () => {
    const gate = gateIn('voiceActivity');
    expect(gate.handleFrame(QUIET_DB, FRAME_MS)).toBe('hold');
    expect(gate.handleFrame(LOUD_DB, FRAME_MS)).toBe('send');
    for (let ms = FRAME_MS; ms < HANGOVER_MS; ms += FRAME_MS) {
      expect(gate.handleFrame(QUIET_DB, FRAME_MS)).toBe('send');
    }
    expect(gate.handleFrame(QUIET_DB, FRAME_MS)).toBe('last');
    expect(gate.handleFrame(QUIET_DB, FRAME_MS)).toBe('hold');
  });

  it('opens exactly at the threshold', () => {
    const gate = gateIn('voiceActivity');
    gate.thresholdDb = -45;
    expect(gate.handleFrame(-45.01, FRAME_MS)).toBe('hold');
    expect(gate.handleFrame(-45, FRAME_MS)).toBe('send');
  });

  it('opens for what is loud and a voice, and for neither alone', () => {
    const gate = gateIn('voiceActivity');
    expect(gate.handleFrame(LOUD_DB, FRAME_MS, VOICE_PROBABILITY - 0.01)).toBe('hold');
    expect(gate.handleFrame(QUIET_DB, FRAME_MS, 1)).toBe('hold');
    expect(gate.handleFrame(LOUD_DB, FRAME_MS, VOICE_PROBABILITY)).toBe('send');
  });

  it('takes a pause in the voice for quiet, however loud the room is', () => {
    const gate = gateIn('voiceActivity');
    gate.requireQuiet();
    expect(gate.needsQuiet).toBe(true);
    expect(gate.handleFrame(LOUD_DB, FRAME_MS, 1)).toBe('hold');
    expect(gate.handleFrame(LOUD_DB, FRAME_MS, 0)).toBe('hold');
    expect(gate.needsQuiet).toBe(false);
    expect(gate.handleFrame(LOUD_DB, FRAME_MS, 1)).toBe('send');
  });

  it.each(['pushToTalk', 'voiceActivity', 'open'] as const)('lets nothing out while muted (%s)', (mode) => {
    const gate = gateIn(mode);
    gate.pushToTalkHeld = true;
    expect(gate.handleFrame(LOUD_DB, FRAME_MS)).toBe('send');
    gate.muted = true;
    expect(gate.handleFrame(LOUD_DB, FRAME_MS)).toBe('last');
    expect(gate.handleFrame(LOUD_DB, FRAME_MS)).toBe('hold');
    gate.muted = false;
    expect(gate.handleFrame(LOUD_DB, FRAME_MS)).toBe('send');
  });

  it.each(['pushToTalk', 'voiceActivity'] as const)(
    'is open for a whisper in every mode, unless muted (%s)',
    (mode) => {
      const gate = gateIn(mode);
      gate.whispering = true;
      expect(gate.handleFrame(QUIET_DB, FRAME_MS)).toBe('send');
      gate.muted = true;
      expect(gate.handleFrame(QUIET_DB, FRAME_MS)).toBe('last');
      gate.muted = false;
      expect(gate.handleFrame(QUIET_DB, FRAME_MS)).toBe('send');
      gate.endTalkspurt();
      gate.whispering = false;
      expect(gate.handleFrame(QUIET_DB, FRAME_MS)).toBe('hold');
    },
  );

  it('waits for quiet where it is told to, with voice activity alone', () => {
    const gate = gateIn('voiceActivity');
    gate.requireQuiet();
    expect(gate.handleFrame(LOUD_DB, FRAME_MS)).toBe('hold');
    expect(gate.handleFrame(gate.thresholdDb, FRAME_MS)).toBe('hold');
    expect(gate.handleFrame(gate.thresholdDb - 0.01, FRAME_MS)).toBe('hold');
    expect(gate.handleFrame(LOUD_DB, FRAME_MS)).toBe('send');
    gate.requireQuiet();
    gate.mode = 'open';
    expect(gate.handleFrame(LOUD_DB, FRAME_MS)).toBe('send');
    gate.mode = 'pushToTalk';
    gate.pushToTalkHeld = true;
    expect(gate.handleFrame(LOUD_DB, FRAME_MS)).toBe('send');
  });

  it('forgets the hang-over when its talkspurt is ended from outside', () => {
    const gate = gateIn('voiceActivity');
    expect(gate.handleFrame(LOUD_DB, FRAME_MS)).toBe('send');
    gate.endTalkspurt();
    expect(gate.isOpen).toBe(false);
    expect(gate.handleFrame(QUIET_DB, FRAME_MS)).toBe('hold');
  });
});
