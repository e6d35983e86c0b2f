import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'electron-vite';

const here = (path: string): string => resolve(import.meta.dirname, path);

/** Three bundles: main (every way to start it, and every worker thread), preload, renderer. */
export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      rollupOptions: {
        input: {
          index: here('src/main/index.ts'),
          browser: here('src/main/browser.ts'),
          cli: here('src/main/cli.ts'),
          'audio-worker': here('src/main/audio/audio-worker.ts'),
          'encoder-worker': here('src/main/voice/encoder-worker.ts'),
          'voice-worker': here('src/main/voice/voice-worker.ts'),
          'tap-writer': here('src/main/taps/tap-writer.ts'),
          'relay-worker': here('src/main/relay/relay-worker.ts'),
          'bots-worker': here('src/main/bots-worker.ts'),
          'gateways-worker': here('src/main/gateways-worker.ts'),
          'mix-worker': here('src/main/mix-worker.ts'),
          'peer-process': here('src/main/gateways/webrtc/peer-process.ts'),
          'hotkey-process': here('src/main/hotkeys/hotkey-process.ts'),
        },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      rollupOptions: {
        input: { index: here('src/preload/index.ts') },
        // A sandboxed preload script must be CommonJS and must stand alone.
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: 'src/renderer',
    plugins: [react()],
    build: {
      outDir: here('out/renderer'),
      minify: true,
      rollupOptions: {
        // The window, the dashboard that the admin server shows, the page of listeners, and that of rooms far away.
        input: {
          index: here('src/renderer/index.html'),
          admin: here('src/renderer/admin.html'),
          listen: here('src/renderer/listen.html'),
          'room-view': here('src/renderer/room-view.html'),
        },
      },
    },
  },
});
