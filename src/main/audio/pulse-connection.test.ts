import { describe, expect, it } from 'vitest';
import { pulseSocketPath } from './pulse-connection.ts';

describe('pulseSocketPath', () => {
  it.each([
    [{ PULSE_SERVER: 'unix:/run/a/native', XDG_RUNTIME_DIR: '/run/b' }, '/run/a/native'],
    [{ PULSE_SERVER: '{0123abcd}unix:/run/a/native' }, '/run/a/native'],
    [{ PULSE_SERVER: '/run/a/native' }, '/run/a/native'],
    [{ PULSE_SERVER: 'tcp:sound.example:4713' }, null],
    [{ PULSE_SERVER: 'unix:/run/a/native tcp:sound.example' }, null],
    [{ PULSE_RUNTIME_PATH: '/run/c', XDG_RUNTIME_DIR: '/run/b' }, '/run/c/native'],
    [{ PULSE_SERVER: '', XDG_RUNTIME_DIR: '/run/b' }, '/run/b/pulse/native'],
    [{}, null],
  ])('finds in %j the socket %s', (env, path) => {
    expect(pulseSocketPath(env)).toBe(path);
  });
});
