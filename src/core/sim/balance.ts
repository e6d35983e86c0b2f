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
  const sum = (count: (client: (typeof clients)[number]) => number): number =>
    clients.reduce((total, client) => total + count(client), 0);
  const { sent, duplicated, lost, undeliverable, delivered, inFlight } = network.counters;
  const all: Balance[] = [
    { name: 'network', left: sent + duplicated, right: lost + undeliverable + delivered + inFlight },
    {
      name: 'everything on the wire was sent by a client or by the relay',
      left: sent,
      right:
        sum((client) => client.counters.datagramsSent) + relay.stat('forwardedOut') + relay.stat('probes'),
    },
    {
      name: 'everything delivered was received by a client or by the relay',
      left: delivered,
      right: sum((client) => client.counters.datagramsReceived) + relay.stat('received'),
    },
    {
      name: 'relay',
      left: relay.stat('received'),
      right: relay.stat('forwardedIn') + relay.stat('keepAlives') + relay.stat('probes') + relay.discarded(),
    },
  ];
  for (const client of clients) {
    const { datagramsSent, datagramsReceived, control, voice, undecodable } = client.counters;
    const jitter = client.jitterCounters();
    const path = (name: Parameters<typeof client.pathCounter>[0]): number => client.pathCounter(name);
    const session = client.session.counters;
    all.push(
      {
        name: 'client sent',
        left: datagramsSent,
        right: path('probesSent') + client.spokenAtMs.length,
      },
      { name: 'client received', left: datagramsReceived, right: control + voice + undecodable },
      {
        name: 'path',
        left: control,
        right:
          path('answers') +
          path('malformed') +
          path('wrongToken') +
          path('notAnswer') +
          path('unexpected') +
          path('forged'),
      },
      { name: 'voice reaches the jitter buffers', left: voice, right: jitter.received },
      {
        name: 'jitter buffers',
        left: jitter.received,
        right:
          jitter.played +
          jitter.late +
          jitter.duplicate +
          jitter.overflow +
          jitter.tooFarAhead +
          jitter.tooLarge +
          jitter.empty +
          jitter.drained +
          jitter.flushed +
          jitter.held,
      },
      {
        name: 'session messages',
        left: session.messages,
        right: session.messagesAccepted + session.messagesMalformed + session.messagesUnexpected,
      },
    );
  }
  return all;
}
