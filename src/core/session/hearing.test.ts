import { describe, expect, it } from 'vitest';
import { RecordedSession, welcomeFor } from '../sim/recorded-session.ts';
import { HEARING_INTERVAL_MS, type HearingReport, MAX_HEARING_REPORTS } from '../wire/hearing.ts';

const report = (from: number, lostPermille: number): HearingReport => ({
  from,
  lostPermille,
  burstTenths: 10,
});

function send(session: RecordedSession, reports: readonly HearingReport[]): boolean {
  return session.engine.sendHearing(reports, session.nowMs, session.out);
}

describe('what we hear of the others', () => {
  it('is told while connected, at a pace, and counted when it is not', () => {
    const session = new RecordedSession();
    expect(send(session, [report(8, 100)])).toBe(false);
    session.enter();
    session.takeSent();
    expect(send(session, [])).toBe(false);
    expect(send(session, [report(8, 100)])).toBe(true);
    expect(session.takeSent()).toEqual([{ type: 'hearing', reports: [report(8, 100)] }]);
    session.pass(HEARING_INTERVAL_MS - 1);
    session.takeSent();
    expect(send(session, [report(8, 110)])).toBe(false);
    session.pass(1);
    expect(send(session, [report(8, 120)])).toBe(true);
    session.laneClosed();
    expect(send(session, [report(8, 130)])).toBe(false);
    expect(session.engine.counters).toMatchObject({ hearingSent: 2, hearingDropped: 4 });
  });

  it('may be told at once on a new lane', () => {
    const session = new RecordedSession();
    session.enter();
    send(session, [report(8, 100)]);
    session.comeBack(welcomeFor(7, { resumed: true }));
    session.takeSent();
    expect(send(session, [report(8, 100)])).toBe(true);
  });

  it('is never longer than a message may be', () => {
    const session = new RecordedSession();
    session.enter();
    session.takeSent();
    send(
      session,
      Array.from({ length: MAX_HEARING_REPORTS + 1 }, (_, at) => report(at, 10)),
    );
    const [sent] = session.takeSent();
    expect(sent?.type === 'hearing' && sent.reports.length).toBe(MAX_HEARING_REPORTS);
  });
});

describe('what the others hear of us', () => {
  it('is handed on, and begins with nothing lost on each lane', () => {
    const session = new RecordedSession();
    session.enter();
    expect(session.heard).toEqual([]);
    session.hear({ type: 'heard', lostPermille: 120, burstTenths: 31 });
    expect(session.heard).toEqual([{ lostPermille: 120, burstTenths: 31 }]);
    session.comeBack(welcomeFor(7, { resumed: true }));
    expect(session.heard.slice(1)).toEqual([{ lostPermille: 0, burstTenths: 10 }]);
    session.hear({ type: 'heard', lostPermille: 20, burstTenths: 10 });
    session.hear({ type: 'heard', lostPermille: 0, burstTenths: 10 });
    session.comeBack(welcomeFor(7, { resumed: true }));
    expect(session.heard.slice(2)).toEqual([
      { lostPermille: 20, burstTenths: 10 },
      { lostPermille: 0, burstTenths: 10 },
    ]);
  });

  it('is refused when it cannot be', () => {
    const session = new RecordedSession();
    session.enter();
    for (const lostPermille of [-1, 1_001, 0.5])
      session.hear({ type: 'heard', lostPermille, burstTenths: 10 });
    expect(session.heard).toEqual([]);
    expect(session.engine.counters.messagesMalformed).toBe(3);
  });
});
