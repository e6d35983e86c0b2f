import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type RobotOut, RobotSession, VIEWER_BURST } from './robot-session.ts';

class Recorded implements RobotOut {
  readonly acts: string[] = [];

  send(text: string): void {
    this.acts.push(`send ${text}`);
  }
  openViewer(viewer: number): void {
    this.acts.push(`open ${viewer}`);
  }
  answerViewer(viewer: number, sdp: string): void {
    this.acts.push(`answer ${viewer} ${sdp}`);
  }
  addCandidate(viewer: number, candidate: string, mid: string | null): void {
    this.acts.push(`candidate ${viewer} ${candidate} ${mid}`);
  }
  closeViewer(viewer: number): void {
    this.acts.push(`close ${viewer}`);
  }
}

const READY = '{"type":"ready"}';
const ANSWER = '{"type":"answer","sdp":"theirs"}';

describe("a room's side of a signalling relay", () => {
  test('ready, offer, answer, candidates both ways', () => {
    const out = new Recorded();
    const session = new RobotSession(out);
    session.handleText('{"type":"welcome"}', 0);
    session.handleText(READY, 1);
    session.handleOffer(1, 'ours');
    session.handleOwnCandidate(1, 'candidate:1', '0', 0);
    session.handleText(
      '{"type":"ice_candidate","candidate":"candidate:2","sdp_mid":"0","sdp_mline_index":0}',
      2,
    );
    session.handleText(ANSWER, 3);
    expect(out.acts).toEqual([
      'open 1',
      'send {"type":"offer","sdp":"ours"}',
      'send {"type":"ice_candidate","candidate":"candidate:1","sdp_mid":"0","sdp_mline_index":0}',
      'candidate 1 candidate:2 0',
      'answer 1 theirs',
    ]);
    session.close();
    expect(out.acts.at(-1)).toBe('close 1');
    expect(session.viewer).toBeNull();
  });

  test('an older viewer is closed for a newer, and what belonged to it is let go', () => {
    const out = new Recorded();
    const session = new RobotSession(out);
    session.handleText(READY, 0);
    session.handleOffer(1, 'first');
    session.handleText(READY, 1);
    session.handleOffer(1, 'too late');
    session.handleText(ANSWER, 2);
    session.handleViewerGone(1, 'It failed.');
    session.handleOffer(2, 'second');
    expect(out.acts).toEqual([
      'open 1',
      'send {"type":"offer","sdp":"first"}',
      'close 1',
      'open 2',
      'send {"type":"offer","sdp":"second"}',
    ]);
    expect(session.counters.answerUnexpected).toBe(1);
  });

  test('an offer, an answer nobody waits for, errors and nonsense change nothing', () => {
    const out = new Recorded();
    const session = new RobotSession(out);
    session.handleText('{"type":"offer","sdp":"theirs"}', 0);
    session.handleText(ANSWER, 0);
    session.handleText('{"type":"error","message":"no such robot"}', 0);
    session.handleText('[]', 0);
    session.handleText('{', 0);
    expect(out.acts).toEqual([]);
    expect(session.counters).toMatchObject({
      offerIgnored: 1,
      answerUnexpected: 1,
      errors: 1,
      messageUnknown: 1,
      messageNotJson: 1,
    });
  });

  test('a second answer is not taken', () => {
    const out = new Recorded();
    const session = new RobotSession(out);
    session.handleText(READY, 0);
    session.handleOffer(1, 'ours');
    session.handleText(ANSWER, 0);
    session.handleText(ANSWER, 0);
    expect(out.acts.filter((act) => act.startsWith('answer'))).toHaveLength(1);
  });

  test('says when the viewer could not be connected', () => {
    const out = new Recorded();
    const session = new RobotSession(out);
    session.handleText(READY, 0);
    session.handleViewerGone(1, 'Nobody may listen.');
    expect(out.acts).toEqual(['open 1', 'send {"type":"error","message":"Nobody may listen."}']);
    session.close();
    expect(out.acts).toHaveLength(2);
  });

  test('more viewers than the burst wait', () => {
    const out = new Recorded();
    const session = new RobotSession(out);
    for (let count = 0; count <= VIEWER_BURST; count += 1) session.handleText(READY, 0);
    expect(session.counters.readyTooFast).toBe(1);
    session.handleText(READY, 1_000);
    expect(session.counters.ready).toBe(VIEWER_BURST + 1);
  });

  test('never more than one viewer is open', () => {
    const text = fc.constantFrom(READY, ANSWER, '{"type":"offer","sdp":"x"}', '{', '{"type":"welcome"}');
    const step = fc.oneof(
      text.map((said) => ({ said, gone: false })),
      fc.constant({ said: '', gone: true }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const open = new Set<number>();
        const out = new Recorded();
        out.openViewer = (viewer) => open.add(viewer);
        out.closeViewer = (viewer) => open.delete(viewer);
        const session = new RobotSession(out);
        steps.forEach(({ said, gone }, at) => {
          if (gone && session.viewer !== null) {
            open.delete(session.viewer);
            session.handleViewerGone(session.viewer);
          } else session.handleText(said, at * 1_000);
          expect(open.size).toBeLessThanOrEqual(1);
        });
        session.close();
        expect(open.size).toBe(0);
      }),
    );
  });
});
