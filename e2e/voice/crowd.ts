import { once } from 'node:events';
import { WebSocket } from 'ws';
import { PROTOCOL_VERSION, relayMessageSchema } from '../../src/core/wire/control.ts';

/** A crowd that fills a room and goes away again; none of them speaks or listens. */
export type Crowd = { readonly leave: () => Promise<void> };

async function enter(port: number, nickname: string): Promise<WebSocket> {
  const lane = new WebSocket(`wss://127.0.0.1:${port}`, { rejectUnauthorized: false });
  await once(lane, 'open');
  lane.send(JSON.stringify({ type: 'hello', protocol: PROTOCOL_VERSION, nickname }));
  const [first] = await once(lane, 'message');
  const { type } = relayMessageSchema.parse(JSON.parse(String(first)));
  if (type !== 'welcome') throw new Error(`the relay answered ${nickname} with ${type}`);
  return lane;
}

/** Lets `count` members into the room at `port`, one after another. */
export async function fillRoom(port: number, count: number): Promise<Crowd> {
  const lanes: WebSocket[] = [];
  for (let n = 1; n <= count; n += 1) lanes.push(await enter(port, `Guest ${n}`));
  return {
    leave: async () => {
      await Promise.all(
        lanes.map(async (lane) => {
          lane.close();
          await once(lane, 'close');
        }),
      );
    },
  };
}
