import { connect as connectTcp, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { WebSocket } from 'ws';
import { PROTOCOL_VERSION } from '../../../src/core/wire/control.ts';
import { TestIdentity } from '../../../src/main/relay/test-client.ts';
import { type Attack, CounterWatch, STRANGERS } from '../attack.ts';

/** Connections held open, or tried to be, at any moment. */
const CONNECTIONS = 1_000;

/** How long those that the relay closes are opened again, in ms. */
const PRESSURE_MS = 6_000;

/** Connections in all: bounds the work, whatever the relay does. */
const MAX_OPENED = 6_000;

/** Opened in one go: the first thousand as fast as one thread gets them going, then as many as keeps it up. */
const FIRST_BATCH = 25;
const BATCH = 8;
const BATCH_MS = 10;

/** A newcomer is let in within this time while the attack goes on, in ms, and after it. */
const MAX_NEWCOMER_MS = 5_000;

/** The newcomer comes this long after the beginning, in ms: all thousand are there. */
const NEWCOMER_AFTER_MS = 1_500;

/** Round trip of a newcomer on a slow line, in ms: each of its messages waits half of it. */
const SLOW_ROUND_TRIP_MS = 400;

const identity = new TestIdentity().name;

/** Four ways of not coming in. Each ends with `onClose`. @returns what gives it up */
function openSilent(kind: number, port: number, localAddress: string, onClose: () => void): () => void {
  const at = { host: '127.0.0.1', port, localAddress };
  let socket: Socket;
  if (kind === 0) {
    socket = connectTcp(at);
  } else if (kind === 1) {
    socket = connectTls({ ...at, rejectUnauthorized: false });
  } else {
    const webSocket = new WebSocket(`wss://127.0.0.1:${port}/`, { rejectUnauthorized: false, localAddress });
    webSocket.on('error', () => undefined);
    webSocket.on('close', onClose);
    webSocket.on('open', () => {
      const hello = { type: 'hello', protocol: PROTOCOL_VERSION, nickname: 'Nobody', identity };
      if (kind === 3) webSocket.send(JSON.stringify(hello));
    });
    return () => webSocket.terminate();
  }
  socket.on('error', () => undefined);
  socket.on('close', onClose);
  return () => socket.destroy();
}

export const silentConnections: Attack = {
  name: '1,000 connections that never come in',
  expectation: 'closed by limits and timeouts, counted; a newcomer gets in meanwhile, and after',
  async run({ relay, honest }, tally) {
    const watch = await CounterWatch.begin(relay);
    const open = new Set<() => void>();
    let opened = 0;
    let closed = 0;
    const openOne = (): void => {
      const address = STRANGERS[opened % STRANGERS.length] ?? '';
      const kind = Math.floor(opened / STRANGERS.length) % 4;
      opened += 1;
      const giveUp = openSilent(kind, relay.port, address, () => {
        if (open.delete(giveUp)) closed += 1;
      });
      open.add(giveUp);
    };
    const startMs = performance.now();
    const pressure = (async () => {
      while (performance.now() - startMs < PRESSURE_MS) {
        const batch = opened < CONNECTIONS ? FIRST_BATCH : BATCH;
        for (let n = 0; n < batch && open.size < CONNECTIONS && opened < MAX_OPENED; n += 1) openOne();
        await sleep(BATCH_MS);
      }
    })();
    await sleep(NEWCOMER_AFTER_MS);
    const during = await honest.newcomer('Newcomer during', MAX_NEWCOMER_MS);
    await honest.farewell('Newcomer during');
    const slow = await honest.newcomer('Slow newcomer', MAX_NEWCOMER_MS, { roundTripMs: SLOW_ROUND_TRIP_MS });
    await honest.farewell('Slow newcomer');
    tally.figures['openedUntilThen'] = opened;
    await pressure;
    for (const giveUp of [...open]) giveUp();
    const after = await honest.newcomer('Newcomer after', MAX_NEWCOMER_MS);
    await honest.farewell('Newcomer after');
    const grown = await watch.end();

    tally.tries = opened;
    tally.figures['closedByRelay'] = closed;
    tally.figures['newcomerDuringMs'] = during.hearsAllMs ?? `refused: ${during.sentence}`;
    tally.figures['slowNewcomerDuringMs'] = slow.hearsAllMs ?? `refused: ${slow.sentence}`;
    tally.figures['triesOfBoth'] = `${during.tries} and ${slow.tries}`;
    tally.figures['newcomerAfterMs'] = after.hearsAllMs ?? `refused: ${after.sentence}`;
    const reasons = [
      'connectionsAboveAddressLimit',
      'connectionsAboveLimit',
      'connectionsCrowdedOut',
      'lanesClosedCrowded',
      'lanesClosedHelloTimeout',
      'lanesClosedFromOneAddress',
    ];
    for (const reason of reasons) tally.count(reason, grown(reason));
    tally.expect(
      during.hearsAllMs !== null,
      `a newcomer during the attack was not let in: ${during.sentence}`,
    );
    // Others' connections must not cost a newcomer as much as a second try.
    tally.equal('tries of two newcomers', during.tries + slow.tries, 2);
    tally.expect(slow.hearsAllMs !== null, `a newcomer on a slow line was not let in: ${slow.sentence}`);
    tally.expect(after.hearsAllMs !== null, `a newcomer after the attack was not let in: ${after.sentence}`);
    return undefined;
  },
};
