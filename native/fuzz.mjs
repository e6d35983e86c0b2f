import { Buffer } from 'node:buffer';
import { createSocket } from 'node:dgram';
import { createRequire } from 'node:module';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/**
 * Does to the native addon what nobody should: `node native/fuzz.mjs <addon> [seed] [rounds]`.
 *
 * Exit code 0 and a last line `survived` mean that nothing crashed. A crash ends the process with a signal; what the
 * addon may do to nonsense is throw.
 */
const path = isMainThread ? process.argv[2] : workerData.path;
const seed = Number(process.argv[3] ?? 1);
const rounds = Number(process.argv[4] ?? 3000);
const addon = createRequire(import.meta.url)(path);

const ADDRESS_BYTES = 24;
const options = {
  port: 0,
  ipv6: true,
  senderThreads: 0,
  receiveBufferBytes: 1 << 20,
  sendBufferBytes: 1 << 20,
  together: true,
};

/** Mulberry32. */
function createRandom(start) {
  let state = start;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const random = createRandom(seed);
const pick = (values) => values[random(values.length)];

let thrown = 0;

/** Whatever is thrown is fine; not to throw is fine too. */
function attempt(work) {
  try {
    return work();
  } catch {
    thrown += 1;
    return undefined;
  }
}

function detached(bytes) {
  const buffer = new ArrayBuffer(bytes);
  const view = new Uint8Array(buffer);
  structuredClone(buffer, { transfer: [buffer] });
  return view;
}

function shrunk() {
  const buffer = new ArrayBuffer(2_000, { maxByteLength: 4_000 });
  const view = new Uint8Array(buffer, 1_000, 900);
  buffer.resize(10);
  return view;
}

function loopback(port) {
  const record = new Uint8Array(ADDRESS_BYTES);
  record.set([0xff, 0xff, 127, 0, 0, 1], 10);
  record[20] = port >> 8;
  record[21] = port & 0xff;
  return record;
}

const oddities = [
  undefined,
  null,
  true,
  0,
  1,
  -1,
  5,
  24,
  1_280,
  65_507,
  65_508,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  -(2 ** 31),
  0.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  10n,
  '',
  'text',
  Symbol('odd'),
  {},
  [],
  () => {},
  new Uint8Array(0),
  new Uint8Array(24),
  new Uint8Array(24 * 40),
  new Uint8Array(70_000),
  new Uint8ClampedArray(48),
  new Float64Array(64),
  new Int32Array(64),
  new DataView(new ArrayBuffer(48)),
  new ArrayBuffer(48),
  new SharedArrayBuffer(48),
  new Uint8Array(new SharedArrayBuffer(480)),
  Buffer.alloc(48),
  detached(480),
  shrunk(),
  new Proxy(new Uint8Array(48), {}),
  Object.create(Uint8Array.prototype),
  { valueOf: () => 3 },
];

function open(changes = {}) {
  return new addon.UdpSocket({ ...options, ...changes });
}

/** Nonsense for every method and for the constructor, on open and on closed sockets, with `this` of all kinds. */
async function callWithOddities() {
  const opened = [open(), open({ senderThreads: 2 }), open({ ipv6: false, together: false })];
  const closed = open();
  closed.close();
  for (const socket of opened) socket.start(() => {});
  const methods = ['start', 'fanOut', 'readCounters', 'close', 'constructor', 'toString'];
  for (let round = 0; round < rounds; round += 1) {
    const socket = pick([...opened, closed]);
    const odd = Array.from({ length: random(7) }, () => pick(oddities));
    const method = pick(methods);
    if (method === 'close' && socket !== closed) continue;
    attempt(() => socket[method](...odd));
    attempt(() => addon.UdpSocket.prototype[method].apply(pick([...oddities, socket]), odd));
    attempt(() =>
      socket.fanOut(pick(oddities), pick(oddities), pick(oddities), pick(oddities), pick(oddities)),
    );
    attempt(() =>
      socket.fanOut(new Uint8Array(64), random(80), new Uint8Array(24 * 8), random(12), random(14) - 2),
    );
    attempt(() => addon.notifySystemd(pick(oddities), pick(oddities)));
    attempt(() => addon.UdpSocket(pick(oddities)));
    const key = pick(Object.keys(options));
    attempt(() => new addon.UdpSocket({ ...options, [key]: pick(oddities) }).close());
    attempt(() => new addon.UdpSocket(pick(oddities)));
    for (const getter of ['port', 'shared']) {
      attempt(() => Reflect.get(addon.UdpSocket.prototype, getter, pick([...oddities, socket])));
    }
    if (round % 100 === 0) await nextTurn();
  }
  for (const socket of opened) for (let times = 0; times < 3; times += 1) socket.close();
}

/** Getters among the options that do what they like, the closing of what is being opened included. */
function openWithGetters() {
  for (let round = 0; round < 50; round += 1) {
    const hostile = Object.defineProperty({ ...options }, pick(Object.keys(options)), {
      get() {
        if (random(2) === 0) throw new Error('no');
        open().close();
        return pick(oddities);
      },
    });
    attempt(() => new addon.UdpSocket(hostile).close());
  }
}

class Derived extends addon.UdpSocket {
  constructor() {
    super(options);
    this.close();
    attempt(() => super.start(() => {}));
  }
}

/** Handlers that throw, close, give the memory away, write into it, and send from it. */
async function misbehaveInHandlers() {
  const peer = createSocket('udp4');
  await new Promise((resolve) => peer.bind(0, '127.0.0.1', resolve));
  const here = loopback(peer.address().port);
  const many = new Uint8Array(ADDRESS_BYTES * 300);
  for (let at = 0; at < 300; at += 1) many.set(here, at * ADDRESS_BYTES);
  const sendAll = (socket, count) => {
    const all = new Uint8Array(socket.shared);
    for (let slot = 0; slot < count; slot += 1) {
      const bytes = all.subarray(slot * addon.SLOT_BYTES, (slot + 1) * addon.SLOT_BYTES);
      attempt(() => socket.fanOut(bytes, random(addon.SLOT_BYTES + 2), many, random(302), random(302) - 1));
    }
  };
  const behaviours = {
    throws: () => {
      throw new Error('thrown by a handler');
    },
    closes: (socket, count) => {
      sendAll(socket, count);
      socket.close();
      sendAll(
        { ...socket, shared: new ArrayBuffer(addon.SLOT_BYTES), fanOut: socket.fanOut.bind(socket) },
        1,
      );
    },
    givesAway: (socket, count) => {
      sendAll(socket, count);
      const { shared } = socket;
      structuredClone(shared, { transfer: [shared] });
      globalThis.gc?.();
    },
    transfers: (socket, count) => {
      sendAll(socket, count);
      socket.shared.transfer(1);
      globalThis.gc?.();
      socket.fanOut(new Uint8Array(4), 4, many, 3, -1);
    },
    closesAfterGivingAway: (socket, count) => {
      sendAll(socket, count);
      socket.shared.transfer(1);
      globalThis.gc?.();
      socket.close();
    },
    scribbles: (socket, count) => {
      sendAll(socket, count);
      new Uint8Array(socket.shared).fill(random(256));
    },
    floods: (socket, count) => {
      for (let times = 0; times < 5; times += 1) sendAll(socket, count);
      for (let times = 0; times < 150; times += 1)
        socket.fanOut(new Uint8Array(900), 900, many, 1 + (times % 40), -1);
    },
    opensMore: () => {
      const other = open();
      other.start(() => {});
      other.close();
    },
    sendsToOddAddresses: (socket) => {
      const odd = Uint8Array.from({ length: ADDRESS_BYTES * 20 }, () => random(256));
      socket.fanOut(new Uint8Array(20), 20, odd, 20, -1);
      // Zones are numbers of interfaces: none has this one.
      odd.fill(0xfe, 0, 24);
      socket.fanOut(new Uint8Array(65_507), 65_507, odd, 20, 3);
    },
  };
  for (const [name, behave] of Object.entries(behaviours)) {
    for (const changes of [{}, { senderThreads: 3 }, { ipv6: false }, { together: false }]) {
      const socket = open(changes);
      let calls = 0;
      socket.start((count) => {
        calls += 1;
        behave(socket, count);
      });
      const sources = [peer, createSocket('udp4')];
      for (let burst = 0; burst < 6; burst += 1) {
        for (let at = 0; at < 40; at += 1) {
          sources[at % 2].send(
            new Uint8Array(pick([0, 1, 60, 61, 1_280, 1_281, 9_000])),
            socket.port,
            '127.0.0.1',
          );
        }
        await sleep(2);
      }
      sources[1].close();
      attempt(() => socket.readCounters(new Float64Array(addon.COUNTERS.length)));
      if (calls === 0) throw new Error(`${name}: the handler was never called`);
      socket.close();
      socket.close();
    }
  }
  peer.close();
}

/** Many sockets, some dropped without being closed, most closed at odd times. */
async function openMany() {
  const kept = [];
  for (let at = 0; at < 200; at += 1) {
    const socket = open({ senderThreads: at % 50 === 0 ? 2 : 0 });
    if (random(2) === 0) socket.start(() => socket.close());
    if (random(4) === 0) socket.close();
    else kept.push(socket);
    if (random(8) === 0) await nextTurn();
  }
  globalThis.gc?.();
  for (const socket of kept) socket.close();
  await nextTurn();
  globalThis.gc?.();
  await nextTurn();
}

/** Workers that are ended while their sockets are open, idle, in the middle of a batch, and while they close. */
async function terminateWorkers() {
  for (const mode of ['idle', 'busy', 'spinning', 'closing', 'exits', 'throws', 'unstarted', 'threads']) {
    for (let times = 0; times < 3; times += 1) {
      const worker = new Worker(new URL(import.meta.url), { workerData: { path, mode } });
      worker.on('error', () => {});
      const ended = new Promise((resolve) => worker.once('exit', resolve));
      const port = await Promise.race([
        new Promise((resolve) => worker.once('message', resolve)),
        ended.then(() => null),
      ]);
      const peer = createSocket('udp4');
      for (let at = 0; at < 60 && port !== null; at += 1) peer.send(new Uint8Array(90), port, '127.0.0.1');
      await sleep(random(12));
      await worker.terminate();
      await ended;
      peer.close();
    }
  }
}

function beWorker(mode) {
  const socket = open({ senderThreads: mode === 'threads' ? 2 : 0 });
  const addresses = new Uint8Array(ADDRESS_BYTES * 500);
  for (let at = 0; at < 500; at += 1) addresses.set(loopback(socket.port), at * ADDRESS_BYTES);
  if (mode !== 'unstarted') {
    socket.start((count) => {
      if (mode === 'busy' || mode === 'threads') {
        for (let times = 0; times < count; times += 1) {
          socket.fanOut(new Uint8Array(socket.shared), 90, addresses, 40, -1);
        }
      }
      if (mode === 'spinning') for (;;) socket.fanOut(new Uint8Array(socket.shared), 90, addresses, 500, -1);
      if (mode === 'closing') socket.close();
      if (mode === 'exits') process.exit(0);
      if (mode === 'throws') throw new Error('thrown by a handler in a worker');
    });
  }
  parentPort.postMessage(socket.port);
}

if (isMainThread) {
  let uncaught = 0;
  process.on('uncaughtException', (error) => {
    if (error.message === 'thrown by a handler' || error instanceof TypeError) uncaught += 1;
    else throw error;
  });
  await callWithOddities();
  openWithGetters();
  attempt(() => new Derived());
  await misbehaveInHandlers();
  await openMany();
  await terminateWorkers();
  if (thrown === 0 || uncaught === 0) throw new Error('nothing was refused');
  process.stdout.write(`${thrown} refusals, ${uncaught} handlers that threw\nsurvived\n`);
} else {
  beWorker(workerData.mode);
}
