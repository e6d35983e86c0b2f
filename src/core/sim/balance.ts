import type { SimClient } from './sim-client.ts';
import type { Simulation } from './simulation.ts';

/** One balance of a simulated call: `left` and `right` count the same things at two places. */
export interface Balance {
  readonly name: string;
  readonly left: number;
  readonly right: number;
}

/** All balances of a call, from what clients sent to what jitter buffers gave. Read them when the network is idle or not. */
export function balances(simulation: Simulation): Balance[] {
  const { network, relay, clients } = simulation;
  const sum = (count: (client: SimClient) => number): number =>
    clients.reduce((total, client) => total + count(client), 0);
  const { sent, duplicated, lost, undeliverable, delivered, inFlight } = network.counters;
  const relaySent =
    relay.stat('forwardedOut') -
    relay.stat('forwardedOutByLane') +
    relay.stat('probes') +
    relay.stat('challenges');
  return [
    { name: 'network', left: sent + duplicated, right: lost + undeliverable + delivered + inFlight },
    {
      name: 'everything on the wire was sent by a client or by the relay',
      left: sent,
      right: sum((client) => client.counters.datagramsSent) + relaySent,
    },
    {
      name: 'everything delivered was received by a client or by the relay',
      left: delivered,
      right:
        sum((client) => client.counters.datagramsReceived) +
        relay.stat('received') -
        relay.stat('receivedByLane'),
    },
    {
      name: 'relay',
      left: relay.stat('received'),
      right:
        relay.stat('keepAlives') +
        relay.stat('probes') +
        relay.stat('laneProbes') +
        relay.stat('challenges') +
        relay.stat('forwardedIn') +
        relay.stat('whispersIn') +
        relay.discarded(),
    },
    ...clients.flatMap(clientBalances),
  ];
}

function clientBalances(client: SimClient): Balance[] {
  const { counters, voice, session } = client;
  const path = (name: Parameters<typeof client.pathCounter>[0]): number => client.pathCounter(name);
  const jitter = client.jitterCounters();
  return [
    {
      name: 'client sent',
      left: counters.datagramsSent + counters.laneDatagramsSent,
      right: path('probesSent') + voice.spokenAtMs.length + voice.whisperedAtMs.length,
    },
    {
      name: 'client received',
      left: counters.datagramsReceived + counters.laneDatagramsReceived,
      right: counters.control + counters.voice + counters.whispers + counters.undecodable,
    },
    {
      name: 'path',
      left: counters.control,
      right:
        path('answers') +
        path('challenges') +
        path('malformed') +
        path('wrongToken') +
        path('notAnswer') +
        path('unexpected') +
        path('forged'),
    },
    { name: 'voice reaches the jitter buffers', left: counters.voice, right: jitter.received },
    { name: 'whispers are heard', left: counters.whispers, right: voice.whispersHeard.length },
    {
      name: 'jitter buffers',
      left: jitter.received + jitter.copies,
      right:
        jitter.played +
        jitter.recovered +
        jitter.late +
        jitter.duplicate +
        jitter.overflow +
        jitter.tooFarAhead +
        jitter.tooLarge +
        jitter.empty +
        jitter.unneeded +
        jitter.flushed +
        jitter.held,
    },
    ...sessionBalances(session),
  ];
}

function sessionBalances({ counters, waiting }: SimClient['session']): Balance[] {
  return [
    {
      name: 'session messages',
      left: counters.messages,
      right: counters.messagesAccepted + counters.messagesMalformed + counters.messagesUnexpected,
    },
    {
      name: 'requests',
      left: counters.requestsMade,
      right: counters.requestsDone + counters.requestsRefused + counters.requestsFailed + waiting.requests,
    },
    {
      name: 'chats written',
      left: counters.chatsWritten,
      right: counters.chatsTaken + counters.chatsRefused + counters.chatsFailed + waiting.chats,
    },
    {
      name: 'chats delivered',
      left: counters.deliveries,
      right: counters.deliveriesShown + counters.deliveriesRepeated + counters.deliveriesOutOfOrder,
    },
  ];
}
