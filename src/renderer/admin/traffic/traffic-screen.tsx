import { type ReactElement, useMemo } from 'react';
import type { Traffic } from '../../../contract/admin.ts';
import { Chart } from '../charts/chart.tsx';
import { Tile } from '../charts/tile.tsx';
import { useRoom } from '../state/room-store.ts';
import { figureText, MEBIBYTE, mebibytesText, memoryText, percentText, shareText } from '../state/words.ts';

const sockets: Record<Traffic['voiceSocket'], { readonly value: string; readonly hint: string }> = {
  batched: {
    value: 'Batched',
    hint: 'The native addon takes and sends many packets at once.',
  },
  dgram: {
    value: 'Node.js',
    hint: 'The addon is not there: packets go one by one, which costs more of the processor.',
  },
};

/** What the relay does right now, and did in the last minutes. */
export function TrafficScreen(): ReactElement {
  const traffic = useRoom((state) => state.traffic);
  const now = traffic.at(-1);
  if (now === undefined)
    return (
      <p className="empty" role="status">
        The relay has not told about its traffic yet. It does so once a second.
      </p>
    );
  return (
    <>
      <Figures now={now} />
      <TrafficCharts traffic={traffic} />
    </>
  );
}

const perSecond = (value: number): string => `${figureText(value)}\u00a0/s`;

function Figures({ now }: { now: Traffic }): ReactElement {
  const socket = sockets[now.voiceSocket];
  return (
    <dl className="tiles" data-testid="traffic-figures">
      <Tile
        label="Received"
        value={perSecond(now.receivedPerSecond)}
        hint="Voice packets that members sent."
        testId="figure-received"
      />
      <Tile
        label="Forwarded"
        value={perSecond(now.forwardedPerSecond)}
        hint="Copies that went out to the others."
        testId="figure-forwarded"
      />
      <Tile
        label="Discarded"
        value={perSecond(now.discardedPerSecond)}
        hint="Packets that were nobody’s, too many, or broken."
        testId="figure-discarded"
      />
      <Tile
        label="Processor"
        value={shareText(now.cpu)}
        hint="Of one core, by the thread that forwards. Near 100 % voices are delayed."
        testId="figure-cpu"
        tone={now.cpu > 0.9 ? 'bad' : undefined}
      />
      <Tile
        label="Memory"
        value={memoryText(now.residentBytes)}
        hint={`Of the whole program; ${memoryText(now.heapBytes)} of it are the relay’s heap.`}
        testId="figure-memory"
      />
      <Tile
        label="Dropped on arrival"
        value={figureText(now.kernelDrops)}
        hint="By the system since the start, before the relay could read them. It should stay at 0."
        testId="figure-kernel-drops"
        tone={now.kernelDrops > 0 ? 'bad' : undefined}
      />
      <Tile
        label="Not sent"
        value={figureText(now.sendBufferFull)}
        hint="Copies since the start that found no room on their way out. It should stay at 0."
        testId="figure-send-full"
        tone={now.sendBufferFull > 0 ? 'bad' : undefined}
      />
      <Tile label="Voice socket" value={socket.value} hint={socket.hint} testId="figure-socket" />
    </dl>
  );
}

function clockText(seconds: number): string {
  return new Date(seconds * 1_000).toLocaleTimeString('en-GB');
}

function TrafficCharts({ traffic }: { traffic: readonly Traffic[] }): ReactElement {
  const shown = useMemo(
    () => ({
      times: traffic.map((one) => one.atMs / 1_000),
      packets: [
        { label: 'Forwarded', values: traffic.map((one) => one.forwardedPerSecond) },
        { label: 'Received', values: traffic.map((one) => one.receivedPerSecond) },
        { label: 'Discarded', values: traffic.map((one) => one.discardedPerSecond) },
      ],
      cpu: [{ label: 'Processor', values: traffic.map((one) => one.cpu * 100) }],
      memory: [
        { label: 'Whole program', values: traffic.map((one) => one.residentBytes / MEBIBYTE) },
        { label: 'Heap', values: traffic.map((one) => one.heapBytes / MEBIBYTE) },
      ],
      members: [{ label: 'Members', values: traffic.map((one) => one.members) }],
    }),
    [traffic],
  );
  const time = { times: shown.times, timeText: clockText };
  return (
    <div className="charts">
      <Chart
        {...time}
        title="Voice packets a second"
        series={shown.packets}
        valueText={figureText}
        whole
        atLeast={10}
        testId="chart-packets"
      />
      <Chart
        {...time}
        title="Processor of the relay’s thread"
        series={shown.cpu}
        valueText={percentText}
        atLeast={10}
        testId="chart-cpu"
      />
      <Chart
        {...time}
        title="Memory"
        series={shown.memory}
        valueText={mebibytesText}
        atLeast={10}
        testId="chart-memory"
      />
      <Chart
        {...time}
        title="Members"
        series={shown.members}
        valueText={figureText}
        whole
        atLeast={5}
        testId="chart-members"
      />
    </div>
  );
}
