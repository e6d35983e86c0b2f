import { BareMember } from './bare-member.ts';
import type { IdleCrowd, IdleNews, IdleOrder } from './idle-news.ts';
import { loopbackAddress } from './our-relay.ts';

/** Holds sessions that say nothing but that they are there. */

/** Logins at a time. */
const AT_ONCE = 4;

/** Sessions that share a source address: as a few households behind one, far below what a relay admits from one. */
const PER_ADDRESS = 20;

function send(news: IdleNews): void {
  process.send?.(news);
}

const members: BareMember[] = [];

async function open(port: number, number: number): Promise<void> {
  const localAddress = loopbackAddress(Math.floor(number / PER_ADDRESS));
  const member = await BareMember.enter({ port, nickname: `Idle ${number}`, localAddress });
  members.push(member);
  await member.bind();
}

async function openAll({ port, first, count }: IdleCrowd): Promise<void> {
  const reasons = new Map<string, number>();
  let next = first;
  const openInTurn = async (): Promise<void> => {
    while (next < first + count) {
      const number = next;
      next += 1;
      try {
        await open(port, number);
      } catch (error) {
        const reason = (error instanceof Error ? error.message : String(error)).replace(
          `Idle ${number}`,
          'one',
        );
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, openInTurn));
  const [most] = [...reasons].sort(([, a], [, b]) => b - a);
  send({
    kind: 'open',
    count: standing(),
    refused: most === undefined ? null : `${most[0]} (${most[1]} times)`,
  });
}

function standing(): number {
  return members.filter((member) => member.failed === null).length;
}

process.on('message', (order: IdleOrder) => {
  if (order.kind === 'count') send({ kind: 'standing', count: standing() });
});
process.on('disconnect', () => process.exit(0));

await openAll(JSON.parse(process.argv[2] ?? '{}') as IdleCrowd);
