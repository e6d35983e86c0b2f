import { type ReactElement, useMemo, useState } from 'react';
import type { Account, AdminRoom, BotsState } from '../../../contract/admin.ts';
import { sentenceOf } from '../../state/outcome.ts';
import { FieldError } from '../../ui/field.tsx';
import { Icon } from '../../ui/icons.tsx';
import { Chart } from '../charts/chart.tsx';
import { Tile } from '../charts/tile.tsx';
import { carryOut } from '../shell/announcer.tsx';
import { useDashboard } from '../state/dashboard.ts';
import { highestRankRule } from '../state/rights.ts';
import { useRoom } from '../state/room-store.ts';
import { bitsText, delayText, figureText, percentText, shareText } from '../state/words.ts';
import { BotTable } from './bot-table.tsx';
import { StressForm } from './stress-form.tsx';
import { figuresWarning, isRunning, phaseSentence, stepOf, steps } from './stress-words.ts';
import './stress.css';

interface StressScreenProps {
  readonly room: AdminRoom;
  readonly account: Account;
}

/** Fills the relay with bots that speak, and shows what arrives. */
export function StressScreen({ room, account }: StressScreenProps): ReactElement {
  const { api } = useDashboard();
  const bots = useRoom((state) => state.bots);
  const running = bots !== null && isRunning(bots.phase);
  const rule = running ? 'A test is running.' : highestRankRule(account.role, room);
  return (
    <>
      <StressForm rule={rule} onStart={(request) => carryOut(api.startBots(request), 'The test begins.')} />
      {bots === null || bots.phase === 'idle' ? (
        <p className="empty" data-testid="stress-idle">
          No test has run yet. Its figures appear here while it runs, and stay until the next.
        </p>
      ) : (
        <Test state={bots} />
      )}
    </>
  );
}

function Test({ state }: { state: BotsState }): ReactElement {
  const points = useRoom((room) => room.botPoints);
  return (
    <>
      <Progress state={state} />
      <Figures state={state} />
      <TestCharts points={points} />
      {state.perBot.length === 0 ? null : <BotTable figures={state.perBot} />}
    </>
  );
}

function Progress({ state }: { state: BotsState }): ReactElement {
  const { api } = useDashboard();
  const [error, setError] = useState('');
  const at = stepOf(state.phase);
  const warning = figuresWarning(state);
  const stop = async (): Promise<void> => setError(await sentenceOf(api.stopBots()));
  return (
    <section className="stress-progress" aria-label="How the test stands" data-phase={state.phase}>
      <ol className="steps">
        {steps.map((step, index) => (
          <li
            key={step.phase}
            className="step"
            data-state={index < at ? 'past' : index === at ? 'now' : 'ahead'}
            aria-current={index === at ? 'step' : false}
          >
            {index < at || (index === at && step.phase === 'done') ? (
              <Icon name="check" size={14} />
            ) : (
              <span className="lamp" data-tone={index === at ? 'live' : ''} />
            )}
            {step.label}
          </li>
        ))}
      </ol>
      <p
        className="stress-sentence"
        role={state.phase === 'failed' ? 'alert' : undefined}
        data-testid="stress-phase"
        data-phase={state.phase}
        data-tone={state.phase === 'failed' ? 'bad' : ''}
      >
        {phaseSentence(state)}
      </p>
      {isRunning(state.phase) ? (
        <button
          type="button"
          className="button"
          data-kind="danger"
          data-testid="stop-bots"
          aria-disabled={state.phase === 'ending'}
          onClick={() => void stop()}
        >
          Stop the test
        </button>
      ) : null}
      <FieldError sentence={error} testId="stop-error" />
      {warning === '' ? null : (
        <p className="problem stress-warning" role="status" data-testid="stress-warning">
          <Icon name="warning" size={16} />
          <span>{warning}</span>
        </p>
      )}
    </section>
  );
}

/** While it speaks, the last second; afterwards the whole. */
function Figures({ state }: { state: BotsState }): ReactElement {
  const live = state.phase === 'speaking';
  const latency = live ? state.latencyMs : state.totalLatencyMs;
  const when = live ? 'In the last second' : 'In the whole time of speaking';
  return (
    <dl className="tiles" data-testid="stress-figures">
      <Tile
        label="Heard"
        value={`${figureText(state.receivedPerSecond)}\u00a0/s`}
        hint={`Voice packets that bots got and could open, ${bitsText(state.receivedBitsPerSecond)}.`}
        testId="stress-received"
      />
      <Tile
        label="Said"
        value={`${figureText(state.sentPerSecond)}\u00a0/s`}
        hint="Voice packets that the speakers sent; each goes to all other bots."
        testId="stress-sent"
      />
      <Tile
        label="Lost"
        value={percentText(live ? state.lossPercent : state.totalLossPercent)}
        hint={`${when}. Above 1 % it can be heard.`}
        testId="stress-loss"
        tone={(live ? state.lossPercent : state.totalLossPercent) > 1 ? 'bad' : undefined}
      />
      <Tile
        label="Delay, half of them"
        value={delayText(latency.p50)}
        hint={`${when} half of the packets took at most so long.`}
        testId="stress-p50"
      />
      <Tile
        label="Delay, 99 of 100"
        value={delayText(latency.p99)}
        hint="It grows before anything is lost: a relay at its limit shows here first."
        testId="stress-p99"
        tone={latency.p99 > 20 ? 'bad' : undefined}
      />
      <Tile
        label="Longest delay"
        value={delayText(latency.max)}
        hint={`${when}, of a single packet.`}
        testId="stress-max"
      />
      <Tile
        label="Bots’ processor"
        value={shareText(state.botsCpu)}
        hint="Of one core. Near 100 % the bots measure themselves."
        testId="stress-cpu"
        tone={figuresWarning(state) === '' ? undefined : 'bad'}
      />
    </dl>
  );
}

const secondsText = (seconds: number): string => `${Math.round(seconds)} s`;

function TestCharts({ points }: { points: readonly BotsState[] }): ReactElement {
  const shown = useMemo(
    () => ({
      times: points.map((point) => point.elapsedSeconds),
      packets: [
        { label: 'Heard', values: points.map((point) => point.receivedPerSecond) },
        { label: 'Said', values: points.map((point) => point.sentPerSecond) },
      ],
      loss: [{ label: 'Lost', values: points.map((point) => point.lossPercent) }],
      delay: [
        { label: 'p50', values: points.map((point) => point.latencyMs.p50) },
        { label: 'p95', values: points.map((point) => point.latencyMs.p95) },
        { label: 'p99', values: points.map((point) => point.latencyMs.p99) },
      ],
    }),
    [points],
  );
  const time = { times: shown.times, timeText: secondsText };
  return (
    <div className="charts">
      <Chart
        {...time}
        title="Voice packets a second"
        series={shown.packets}
        valueText={figureText}
        whole
        atLeast={10}
        testId="chart-throughput"
      />
      <Chart
        {...time}
        title="Loss"
        series={shown.loss}
        valueText={percentText}
        atLeast={0.1}
        testId="chart-loss"
      />
      <Chart
        {...time}
        title="Delay"
        series={shown.delay}
        valueText={delayText}
        atLeast={1}
        testId="chart-delay"
      />
    </div>
  );
}
