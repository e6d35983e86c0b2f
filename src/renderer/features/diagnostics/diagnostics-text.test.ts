import { describe, expect, test } from 'vitest';
import { someDiagnostics, someSpeaker } from '../../dev/some-diagnostics.ts';
import { diagnosticsText } from './diagnostics-text.ts';
import { mouthToEarSums, mouthToEarText, speakerDetails, termGroups, termTip } from './figure-terms.ts';

const text = diagnosticsText('Sidetone 0.1.0', someDiagnostics());

/** A block of the text: its title and the lines up to the next empty one. */
function blockOf(title: string, of = text): readonly string[] {
  const lines = of.split('\n');
  const from = lines.findIndex((line) => line.startsWith(title));
  expect(from).toBeGreaterThan(0);
  const to = lines.indexOf('', from);
  return lines.slice(from, to === -1 ? undefined : to);
}

describe('the text', () => {
  test('lines figures up under the names of the contract', () => {
    expect(blockOf('Network')).toEqual([
      'Network',
      '  pingTcpMs  26.1 ms',
      '  pingUdpMs  24.3 ms',
      '  route          UDP',
    ]);
    expect(blockOf('Time per frame')).toEqual([
      'Time per frame',
      '             mean   longest',
      '  Process  413 µs  1,310 µs',
      '  Encode   655 µs  1,942 µs',
      '  Decode   121 µs    603 µs',
      '  Mix       14 µs     40 µs',
    ]);
  });

  test('tells measured from worked out, and sums both', () => {
    const block = blockOf('Mouth to ear');
    expect(block[0]).toBe('Mouth to ear: 118.1 ms, 91.6 ms of it measured');
    expect(block.find((line) => line.includes('Encoder'))).toMatch(/2\.5 ms +worked out$/u);
  });

  test('says why a stage failed', () => {
    expect(blockOf('Processing').at(-1)).toBe('  Noise: The noise suppressor could not be loaded.');
  });

  test('lists speakers, then each with everything', () => {
    expect(blockOf('Speakers')[2]).toMatch(/^ {2}Grace +58\/60 +1\.4 +22 +180 ms +2 +0 +32$/u);
    expect(blockOf('Grace')).toHaveLength(1 + speakerDetails.length);
  });

  test('has no line that ends in spaces, and ends once', () => {
    expect(text).not.toMatch(/[ \t]\n/u);
    expect(text.endsWith('\n')).toBe(true);
    expect(text.endsWith('\n\n')).toBe(false);
  });

  test('without a call it says so with dashes and leaves empty parts out', () => {
    const idle = diagnosticsText(
      'Sidetone 0.1.0',
      someDiagnostics({ pingTcpMs: null, pingUdpMs: null, route: 'none', mouthToEar: [], speakers: [] }),
    );
    expect(blockOf('Network', idle)).toEqual([
      'Network',
      '  pingTcpMs  –',
      '  pingUdpMs  –',
      '  route      –',
    ]);
    expect(idle).not.toContain('Speakers');
    expect(idle).not.toContain('Mouth to ear');
  });

  test('a nickname cannot break a line or turn the text round', () => {
    const speakers = [someSpeaker({ nickname: 'a\nroute  hacked\u202e\u2028', whisper: true })];
    const lines = diagnosticsText('Sidetone 0.1.0', someDiagnostics({ speakers })).split('\n');
    expect(lines).toContain('a route  hacked   (whisper)');
    expect(lines.join('')).not.toMatch(/[\u202e\u2028]/u);
  });
});

describe('the terms', () => {
  test('every figure of a speaker is told', () => {
    const named = Object.keys(someSpeaker()).filter(
      (name) => !['token', 'nickname', 'whisper', 'talking'].includes(name),
    );
    expect(speakerDetails.map((term) => term.field).sort()).toEqual(named.sort());
  });

  test('every figure of the sending and of the rings is told', () => {
    const figures = someDiagnostics();
    const named = [
      ...Object.keys(figures.sending).map((name) => `sending.${name}`),
      ...Object.keys(figures.rings).map((name) => `rings.${name}`),
    ];
    const told = new Set(termGroups.flatMap((group) => group.terms.map((term) => term.field)));
    expect(named.filter((name) => !told.has(name))).toEqual([]);
  });

  test('a tip names the field only where the label does not', () => {
    expect(termTip({ label: 'Sent', field: 'sending.sentKbps', meaning: 'Sound.' })).toBe(
      'Sound. (sending.sentKbps)',
    );
    expect(termTip({ label: 'jitterMs', field: 'jitterMs', meaning: 'Jitter.' })).toBe('Jitter.');
  });

  test('the way from mouth to ear is summed by what was measured', () => {
    const parts = [
      { name: 'A', milliseconds: 10, measured: true },
      { name: 'B', milliseconds: 5, measured: false },
    ];
    expect(mouthToEarSums(parts)).toEqual({ totalMs: 15, measuredMs: 10 });
    expect(mouthToEarText([])).toBe('–');
  });
});
