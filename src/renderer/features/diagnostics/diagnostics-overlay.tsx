import {
  type KeyboardEvent,
  memo,
  type ReactElement,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';
import type { Diagnostics } from '../../../contract/diagnostics.ts';
import type { SidetoneApi } from '../../../contract/ipc.ts';
import { useProgram } from '../../state/program.ts';
import { copyText } from '../../ui/copy-text.ts';
import { Icon } from '../../ui/icons.tsx';
import { Counters } from './counters.tsx';
import { DiagnosticsFeed } from './diagnostics-feed.ts';
import { showDiagnostics, useDiagnosticsOpen } from './diagnostics-store.ts';
import { diagnosticsText } from './diagnostics-text.ts';
import { FigureGroup, ProcessingSection, WorkSection } from './figure-sections.tsx';
import { termGroups } from './figure-terms.ts';
import { FeedContext, useFeed, useShape } from './live.tsx';
import { MouthToEar } from './mouth-to-ear.tsx';
import { SpeakerSection } from './speaker-section.tsx';
import { useDiagnosticsKeys } from './use-diagnostics-keys.ts';
import { useOverlayPlace } from './use-overlay-place.ts';
import './diagnostics.css';

/** How long "Copied" stands, in ms: long enough to be read. */
const TOLD_MS = 2_000;

/** Longest wait of figures for the meters, in ms: they come every 50 ms where they come at all. */
const METERS_WAIT_MS = 80;

/** How far an arrow moves the overlay, in CSS pixels; with Shift, finely. */
const STEP = 24;
const FINE_STEP = 2;

interface DiagnosticsOverlayProps {
  readonly version: string;
  /** F3 is a key to talk with. */
  readonly keyTaken: boolean;
}

/**
 * Figures over the window, for looking at while one talks: F3 opens and closes them.
 *
 * Not modal, and takes no focus; memoised, so that a state of the program does not render it again.
 */
export const DiagnosticsOverlay = memo(function DiagnosticsOverlay(
  props: DiagnosticsOverlayProps,
): ReactElement | null {
  useDiagnosticsKeys(props.keyTaken);
  const open = useDiagnosticsOpen((state) => state.open);
  const { api } = useProgram();
  return open ? <RunningOverlay api={api} version={props.version} /> : null;
});

/** Resolves with the next levels, or after METERS_WAIT_MS where none come. */
function nextMeters(api: SidetoneApi): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      end();
      resolve();
    };
    const end = api.onMetersChanged(done);
    const timer = setTimeout(done, METERS_WAIT_MS);
  });
}

/** The figures, told in the moment in which the meters are drawn anyway: a frame of its own would cost most of all. */
async function figuresWithMeters(api: SidetoneApi): Promise<Diagnostics> {
  const figures = await api.getDiagnostics();
  await nextMeters(api);
  return figures;
}

function makeFeed(api: SidetoneApi): DiagnosticsFeed {
  return new DiagnosticsFeed({
    getDiagnostics: () => figuresWithMeters(api),
    later: (delayMs, callback) => {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
    nowMs: () => performance.now(),
    hidden: () => document.hidden,
    onHiddenChanged: (listener) => {
      document.addEventListener('visibilitychange', listener);
      return () => document.removeEventListener('visibilitychange', listener);
    },
  });
}

function RunningOverlay({ api, version }: { api: SidetoneApi; version: string }): ReactElement {
  const [feed] = useState(() => makeFeed(api));
  useEffect(() => {
    feed.start();
    return () => feed.stop();
  }, [feed]);
  return (
    <FeedContext value={feed}>
      <Panel version={version} />
    </FeedContext>
  );
}

/** Gives the focus back to where it was when the overlay opened, if it is in the overlay as that closes. */
function useFocusGivenBack(box: { readonly current: HTMLElement | null }): void {
  useLayoutEffect(() => {
    const before = document.activeElement;
    const shown = box.current;
    return () => {
      if (shown?.contains(document.activeElement) !== true) return;
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, [box]);
}

function Panel({ version }: { version: string }): ReactElement {
  const { box, moveBy, drag } = useOverlayPlace();
  useFocusGivenBack(box);
  return (
    <section ref={box} className="diagnostics" aria-label="Diagnostics" data-testid="diagnostics">
      <div className="diagnostics-head" {...drag}>
        <MoveButton moveBy={moveBy} />
        <h2>Diagnostics</h2>
        <CopyButton version={version} />
        <button
          type="button"
          className="button"
          data-kind="quiet"
          data-size="small"
          data-shape="square"
          data-stays="true"
          data-testid="diagnostics-close"
          aria-label="Close the diagnostics"
          title="Close (F3)"
          onClick={() => showDiagnostics(false)}
        >
          <Icon name="close" size={16} />
        </button>
      </div>
      <div className="diagnostics-body scrolls">
        <Problem />
        {termGroups.map((group) => (
          <FigureGroup key={group.id} group={group} />
        ))}
        <MouthToEar />
        <SpeakerSection />
        <ProcessingSection />
        <WorkSection />
        <Counters />
      </div>
    </section>
  );
}

function Problem(): ReactElement {
  const { problem } = useShape();
  return (
    <p className="problem" role="status" data-testid="diagnostics-problem" hidden={problem === ''}>
      {problem === '' ? null : (
        <>
          <Icon name="warning" size={16} />
          <span>There are no figures. {problem}</span>
        </>
      )}
    </p>
  );
}

function MoveButton({ moveBy }: { moveBy: (right: number, down: number) => void }): ReactElement {
  const press = (event: KeyboardEvent): void => {
    const step = event.shiftKey ? FINE_STEP : STEP;
    const moves: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [-step, 0],
      ArrowRight: [step, 0],
      ArrowUp: [0, -step],
      ArrowDown: [0, step],
    };
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    moveBy(...move);
  };
  return (
    <button
      type="button"
      className="diagnostics-grip"
      data-testid="diagnostics-move"
      aria-label="Move the diagnostics with the arrow keys"
      title="Drag, or move with the arrow keys"
      onKeyDown={press}
    >
      <Icon name="grip" size={16} />
    </button>
  );
}

function CopyButton({ version }: { version: string }): ReactElement {
  const feed = useFeed();
  const box = useRef<HTMLTextAreaElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const [told, setTold] = useState('');
  useEffect(() => {
    if (told === '') return;
    const timer = setTimeout(() => setTold(''), TOLD_MS);
    return () => clearTimeout(timer);
  }, [told]);
  const copy = async (): Promise<void> => {
    if (box.current === null) return;
    if (feed.figures === null) {
      setTold('No figures yet');
      return;
    }
    const now = new Date().toISOString().replace('T', ' ').slice(0, 19);
    box.current.value = diagnosticsText(`Sidetone ${version}, ${now} UTC`, feed.figures);
    const copied = await copyText(box.current);
    setTold(copied ? 'Copied' : 'Press Ctrl+C');
    // Where the copying failed, the text stays selected for the keys.
    if (copied) button.current?.focus();
  };
  return (
    <>
      <textarea
        ref={box}
        className="visually-hidden"
        readOnly
        tabIndex={-1}
        aria-label="The figures as a text"
        data-testid="diagnostics-text"
      />
      <span className="visually-hidden" role="status">
        {told}
      </span>
      <button
        ref={button}
        type="button"
        className="button"
        data-size="small"
        data-stays="true"
        data-testid="diagnostics-copy"
        onClick={() => void copy()}
      >
        <Icon name={told === 'Copied' ? 'check' : 'copy'} size={16} />
        {told === '' ? 'Copy as text' : told}
      </button>
    </>
  );
}
