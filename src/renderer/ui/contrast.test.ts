import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');

/** A colour token as [light, dark] hex. */
function token(name: string): readonly [string, string] {
  const value = new RegExp(`--${name}:\\s*([^;]+);`, 'u').exec(css)?.[1] ?? '';
  const colours = value.match(/#[0-9a-f]{6}/giu) ?? [];
  const light = colours[0];
  if (light === undefined) throw new Error(`--${name} holds no colour`);
  return [light, colours[1] ?? light];
}

/** Relative luminance (WCAG 2.2). */
function luminance(hex: string): number {
  const part = (from: number): number => {
    const value = Number.parseInt(hex.slice(from, from + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
}

function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

test('black on white is 21 : 1', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
});

describe.each([
  ['light', 0],
  ['dark', 1],
] as const)('%s', (_name, index) => {
  const surfaces = ['case', 'panel', 'raised', 'sunken'];
  const texts: [string, string][] = [
    ...['text', 'text-dim', 'lamp-text', 'bad', 'good'].flatMap((name) =>
      surfaces.map((surface): [string, string] => [name, surface]),
    ),
    ['lamp-ink', 'lamp'],
    ['lamp-ink', 'lamp-hover'],
    ['lamp-text', 'lamp-wash'],
    ['text', 'lamp-wash'],
    ['text-dim', 'lamp-wash'],
    ['bad', 'bad-wash'],
    ['text', 'bad-wash'],
    ['text-dim', 'meter-off'],
  ];
  test.each(texts)('--%s is readable on --%s (4.5 : 1, WCAG 1.4.3)', (ink, paper) => {
    expect(contrast(token(ink)[index], token(paper)[index])).toBeGreaterThanOrEqual(4.5);
  });

  const lines: [string, string][] = ['lamp-line', 'line-strong', 'focus'].flatMap((name) =>
    ['case', 'panel', 'raised'].map((surface): [string, string] => [name, surface]),
  );
  test.each(lines)('--%s stands out from --%s (3 : 1, WCAG 1.4.11)', (line, paper) => {
    expect(contrast(token(line)[index], token(paper)[index])).toBeGreaterThanOrEqual(3);
  });
});
