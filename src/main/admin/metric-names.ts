/** How one counter of the relay stands in the metrics: under a name, with at most one label. */
export interface MetricPlace {
  readonly name: string;
  readonly label: { readonly name: 'path' | 'reason' | 'event' | 'gateway'; readonly value: string } | null;
}

/** A metric of the relay. Counters only grow, until the relay is started anew. */
export interface MetricDefinition {
  readonly kind: 'counter' | 'gauge';
  readonly help: string;
  readonly label: 'path' | 'reason' | 'event' | 'gateway' | null;
}

/**
 * Every metric of the relay (https://prometheus.io/docs/practices/naming/). A counter that is not named here stands
 * under its own name as the label of `sidetone_relay_events_total`: none is left out.
 */
export const METRICS: Readonly<Record<string, MetricDefinition>> = {
  sidetone_relay_members: { kind: 'gauge', help: 'Members in the room.', label: null },
  sidetone_relay_lanes: { kind: 'gauge', help: 'Open control lanes.', label: null },
  sidetone_relay_connections: { kind: 'gauge', help: 'Open TCP connections.', label: null },
  sidetone_relay_pending_connections: {
    kind: 'gauge',
    help: 'TCP connections that are no control lane yet.',
    label: null,
  },
  sidetone_relay_waiting_deliveries: {
    kind: 'gauge',
    help: 'Chat that waits for members who are away.',
    label: null,
  },
  sidetone_relay_password_jobs: {
    kind: 'gauge',
    help: 'Passwords that are being worked on, or wait for it.',
    label: 'event',
  },
  sidetone_relay_datagrams_received_total: {
    kind: 'counter',
    help: 'Datagrams received, by the path they took.',
    label: 'path',
  },
  sidetone_relay_datagrams_forwarded_total: {
    kind: 'counter',
    help: 'Copies of voice datagrams sent to listeners, by the path they took.',
    label: 'path',
  },
  sidetone_relay_datagrams_discarded_total: {
    kind: 'counter',
    help: 'Datagrams that went no further, by reason.',
    label: 'reason',
  },
  sidetone_relay_udp_kernel_drops_total: {
    kind: 'counter',
    help: 'Datagrams the kernel dropped before they were read.',
    label: null,
  },
  sidetone_relay_udp_send_buffer_full_total: {
    kind: 'counter',
    help: 'Copies left out because the send buffer was full.',
    label: null,
  },
  sidetone_relay_key_events_total: {
    kind: 'counter',
    help: 'What happened at key delivery.',
    label: 'event',
  },
  sidetone_relay_events_total: { kind: 'counter', help: 'Everything else the relay counts.', label: 'event' },
};

const plain: Readonly<Record<string, string>> = {
  members: 'sidetone_relay_members',
  lanes: 'sidetone_relay_lanes',
  connectionsOpen: 'sidetone_relay_connections',
  connectionsPending: 'sidetone_relay_pending_connections',
  deliveriesWaiting: 'sidetone_relay_waiting_deliveries',
  udpKernelDrops: 'sidetone_relay_udp_kernel_drops_total',
  udpSendBufferFull: 'sidetone_relay_udp_send_buffer_full_total',
};

const passwordGauges: Readonly<Record<string, string>> = {
  passwordsUnderWay: 'underWay',
  'password.running': 'running',
  'password.waiting': 'waiting',
};

/** What a counter may be called. Labels come from names in our own program, never from what somebody sent. */
const COUNTER_NAME = /^[A-Za-z][A-Za-z0-9]*(\.[A-Za-z][A-Za-z0-9]*)?$/;

/** Where a counter of the relay stands; null: that is no name of one. */
export function placeOf(counter: string): MetricPlace | null {
  if (!COUNTER_NAME.test(counter)) return null;
  const name = Object.hasOwn(plain, counter) ? plain[counter] : undefined;
  if (name !== undefined) return { name, label: null };
  const gauge = Object.hasOwn(passwordGauges, counter) ? passwordGauges[counter] : undefined;
  if (gauge !== undefined)
    return { name: 'sidetone_relay_password_jobs', label: { name: 'event', value: gauge } };
  const [head = '', tail = ''] = counter.split('.');
  if (head === 'discard') {
    return { name: 'sidetone_relay_datagrams_discarded_total', label: { name: 'reason', value: tail } };
  }
  if (head === 'keys') {
    return { name: 'sidetone_relay_key_events_total', label: { name: 'event', value: tail } };
  }
  return { name: 'sidetone_relay_events_total', label: { name: 'event', value: counter } };
}
