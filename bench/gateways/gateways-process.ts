import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { publisherChannel, Standalone } from '../../e2e/gateways/standalone.ts';

/** Our gateways in a process of their own, which is measured from outside. Answers `counters` with a line. */
const folder = mkdtempSync(join(tmpdir(), 'sidetone-bench-'));
const gateways = await Standalone.start(folder, {
  channels: [publisherChannel({ maxListeners: 4_000 })],
  visitsPerNetwork: 5_000,
});
process.stdout.write(`${JSON.stringify({ webPort: gateways.webPort, rtspPort: gateways.rtspPort })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'counters') process.stdout.write(`${JSON.stringify(gateways.counters)}\n`);
}
await gateways.stop();
rmSync(folder, { recursive: true, force: true });
