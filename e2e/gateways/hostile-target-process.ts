import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { conversationChannel, publisherChannel, Standalone } from './standalone.ts';

/**
 * What is attacked, in a process of its own: its memory is looked at from outside. Answers `state` and
 * `collect`, which clears away first what nobody needs, with a line.
 */
const folder = mkdtempSync(join(tmpdir(), 'sidetone-hostile-'));
const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
const gateways = await Standalone.start(folder, {
  channels: [
    publisherChannel(),
    conversationChannel({ talk: true }),
    publisherChannel({ id: 3, name: 'Locked', slug: 'locked', access: 'link' }),
    ...[1, 2, 3, 4].map((at) => publisherChannel({ id: 10 + at, name: `Stage ${at}`, slug: `stage-${at}` })),
    publisherChannel({ id: 20, name: 'Booth', slug: 'booth' }),
  ],
  robots: [
    { robotId: 'open', apiKeySha256: hash('robot-key'), viewerKeySha256: null },
    { robotId: 'closed', apiKeySha256: hash('robot-key'), viewerKeySha256: hash('viewer-key') },
  ],
  visitsPerNetwork: 100,
});
// Somebody has to be there for talkers to talk to.
gateways.stand(2, 32_000);
process.stdout.write(`${JSON.stringify({ webPort: gateways.webPort, rtspPort: gateways.rtspPort })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const { alive, counters } = gateways;
  const heapBytes = !alive ? 0 : await (line === 'collect' ? gateways.liveHeapBytes() : gateways.heapBytes());
  process.stdout.write(`${JSON.stringify({ alive, counters, heapBytes })}\n`);
}
await gateways.stop();
rmSync(folder, { recursive: true, force: true });
