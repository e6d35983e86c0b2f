import type { MetricDefinition, MetricPlace } from './metric-names.ts';

/** Every metric of listening. What is not named here stands under its own name in `sidetone_listening_events_total`. */
export const LISTENING_METRICS: Readonly<Record<string, MetricDefinition>> = {
  sidetone_listening_channels: { kind: 'gauge', help: 'Channels that may be listened to.', label: null },
  sidetone_listening_visits: {
    kind: 'gauge',
    help: 'Who has a place now, to listen, to talk or to publish.',
    label: null,
  },
  sidetone_listening_listeners: { kind: 'gauge', help: 'Who is sent sound now.', label: null },
  sidetone_listening_connections: { kind: 'gauge', help: 'The same by gateway.', label: 'gateway' },
  sidetone_listening_publishers: { kind: 'gauge', help: 'Publishers that are heard now.', label: null },
  sidetone_listening_members: {
    kind: 'gauge',
    help: 'Members that stand in channels for the gateways.',
    label: 'event',
  },
  sidetone_listening_sent_total: {
    kind: 'counter',
    help: 'Frames, Ogg pages and access units that listeners were sent.',
    label: 'path',
  },
  sidetone_listening_lost_total: {
    kind: 'counter',
    help: 'The same that were left out because a listener was too slow.',
    label: 'path',
  },
  sidetone_listening_visits_total: {
    kind: 'counter',
    help: 'Who was let in, and who was refused, by reason.',
    label: 'reason',
  },
  sidetone_listening_restarts_total: {
    kind: 'counter',
    help: 'How often the threads of listening were started again.',
    label: null,
  },
  sidetone_listening_events_total: {
    kind: 'counter',
    help: 'Everything else that is counted.',
    label: 'event',
  },
};

const PLAIN: Readonly<Record<string, string>> = {
  channelsOpen: 'sidetone_listening_channels',
  visits: 'sidetone_listening_visits',
  listeners: 'sidetone_listening_listeners',
  publishers: 'sidetone_listening_publishers',
  restarts: 'sidetone_listening_restarts_total',
};

/** What a gateway calls its listeners of the moment. */
const OPEN_NOW = /^([A-Za-z][A-Za-z0-9-]*)\.(listening|open)$/;
const OF_MEMBERS = /^members\.now\.([A-Za-z][A-Za-z0-9]*)$/;
const OF_FAN_OUT = /^(frames|pages|units)\.(sent|lost)$/;
const OF_VISITS = /^visit\.([A-Za-z][A-Za-z0-9]*)$/;

/** Parts of words and dots: names in our own program, never what somebody sent. */
const COUNTER_NAME = /^[A-Za-z][A-Za-z0-9-]*(\.[A-Za-z][A-Za-z0-9-]*){0,3}$/;

/** Where a counter of listening stands; null: that is no name of one. */
export function placeOfListening(counter: string): MetricPlace | null {
  if (!COUNTER_NAME.test(counter)) return null;
  const name = Object.hasOwn(PLAIN, counter) ? PLAIN[counter] : undefined;
  if (name !== undefined) return { name, label: null };
  const fanOut = OF_FAN_OUT.exec(counter);
  if (fanOut?.[1] !== undefined)
    return { name: `sidetone_listening_${fanOut[2]}_total`, label: { name: 'path', value: fanOut[1] } };
  const member = OF_MEMBERS.exec(counter)?.[1];
  if (member !== undefined)
    return { name: 'sidetone_listening_members', label: { name: 'event', value: member } };
  const gateway = OPEN_NOW.exec(counter)?.[1];
  if (gateway !== undefined)
    return { name: 'sidetone_listening_connections', label: { name: 'gateway', value: gateway } };
  const reason = OF_VISITS.exec(counter)?.[1];
  if (reason !== undefined)
    return { name: 'sidetone_listening_visits_total', label: { name: 'reason', value: reason } };
  return { name: 'sidetone_listening_events_total', label: { name: 'event', value: counter } };
}

/** Begins the name of a counter of listening where all are told together. */
const LISTENING_PREFIX = 'listening.';

/** Whether a counter, told among all others, is one of listening that goes up and down. */
export function isListeningGauge(counter: string): boolean {
  if (!counter.startsWith(LISTENING_PREFIX)) return false;
  const place = placeOfListening(counter.slice(LISTENING_PREFIX.length));
  return LISTENING_METRICS[place?.name ?? '']?.kind === 'gauge';
}
