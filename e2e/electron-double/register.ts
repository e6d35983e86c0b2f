import { registerHooks } from 'node:module';

/** Loaded with `--import` before the built main bundle: `electron` becomes the double. */
const doubleUrl = new URL('./electron.ts', import.meta.url).href;

registerHooks({
  resolve(specifier, context, nextResolve) {
    if (specifier === 'electron') return { url: doubleUrl, shortCircuit: true };
    return nextResolve(specifier, context);
  },
});
