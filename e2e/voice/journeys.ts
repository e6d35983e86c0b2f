import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { Row } from '../../bench/report.ts';
import { createRng } from '../../src/core/base/rng.ts';
import { MAX_HOSTED_MEMBERS } from '../../src/main/relay/room-defaults.ts';
import { waitFor } from '../rig/child.ts';
import { freePort } from '../rig/free-port.ts';
import type { Player } from '../rig/player.ts';
import { fillRoom } from './crowd.ts';
import { expectHeard, expectSilence } from './listening.ts';
import { TALK_KEY } from './measures.ts';
import type { Person, Stage } from './stage.ts';

export const NICKNAME_A = 'Anna';
export const NICKNAME_B = 'Boris';

/** What every journey finds: A hosts, B is in the room too (after `beforeTheCall`), both push to talk. */
export type Scene = {
  readonly stage: Stage;
  readonly a: Person;
  readonly b: Person;
  readonly port: number;
  readonly invite: string;
  /** Long speech that a journey can play into A's microphone. */
  readonly speechPath: string;
};

/** A small story with an end that is checked: resolves to figures worth noting, throws when it goes wrong. */
export type Journey = { readonly name: string; readonly run: (scene: Scene) => Promise<Row> };

/** Runs `act` while speech plays into A's microphone. */
async function whileSpeaking<T>(scene: Scene, act: () => Promise<T>): Promise<T> {
  const player: Player = await scene.stage.say(scene.speechPath);
  try {
    return await act();
  } finally {
    await player.stop();
  }
}

/** Runs `act` while the key is held and speech plays. The key is let go afterwards in any case. */
async function whileTalking<T>(scene: Scene, act: () => Promise<T>): Promise<T> {
  await scene.stage.display.keyDown(TALK_KEY);
  try {
    return await whileSpeaking(scene, act);
  } finally {
    await scene.stage.display.keyUp(TALK_KEY);
  }
}

/** B tries to join and is told why not. */
async function expectRefusal({ b }: Scene, nickname: string, target: string, pattern: RegExp): Promise<Row> {
  await b.window.join(nickname, target);
  const sentence = await b.window.waitForSentence(pattern);
  await b.window.waitForPhase('idle');
  return { sentence };
}

/** The invite link with another fingerprint, of the right form. */
export function withOtherCertificate(invite: string): string {
  const url = new URL(invite);
  const cert = url.searchParams.get('cert') ?? '';
  url.searchParams.set('cert', (cert.startsWith('A') ? 'B' : 'A') + cert.slice(1));
  return url.href;
}

/** With B not yet in the room. */
export const journeysBeforeTheCall: readonly Journey[] = [
  {
    name: 'a wrong link is refused with a sentence',
    run: (scene) =>
      expectRefusal(scene, NICKNAME_B, 'https://example.invalid/room', /invite link|sidetone:/i),
  },
  {
    name: 'a damaged link is refused with a sentence',
    run: (scene) => expectRefusal(scene, NICKNAME_B, scene.invite.replace(/cert=.{5}/, 'cert='), /damaged/i),
  },
  {
    name: 'an unknown host is named as such',
    run: (scene) => expectRefusal(scene, NICKNAME_B, 'no-such-host.invalid', /not found|find|known|name/i),
  },
  {
    name: 'a host where no room is open is told apart',
    run: async (scene) =>
      expectRefusal(scene, NICKNAME_B, `127.0.0.1:${await freePort()}`, /answer|room|open|refus/i),
  },
  {
    name: 'another certificate than the one in the link is refused',
    run: (scene) => expectRefusal(scene, NICKNAME_B, withOtherCertificate(scene.invite), /certificate/i),
  },
  {
    name: 'a nickname that is taken is refused',
    run: (scene) => expectRefusal(scene, NICKNAME_A, scene.invite, /nickname/i),
  },
  {
    name: 'a full room is full, until somebody leaves',
    run: async (scene) => {
      const crowd = await fillRoom(scene.port, MAX_HOSTED_MEMBERS - 1);
      try {
        return {
          members: MAX_HOSTED_MEMBERS,
          ...(await expectRefusal(scene, NICKNAME_B, scene.invite, /room is full/i)),
        };
      } finally {
        await crowd.leave();
        await scene.a.window.waitForMembers([NICKNAME_A]);
      }
    },
  },
  {
    name: 'a second room on the same port is refused, the first goes on',
    run: async ({ a, b, port }) => {
      await b.window.host({ nickname: NICKNAME_B, roomName: 'Second room', port });
      const sentence = await b.window.waitForSentence(new RegExp(`Port ${port}`));
      await a.window.waitForMembers([NICKNAME_A]);
      return { sentence };
    },
  },
];

const garbage: Journey = {
  name: 'garbage at the relay is counted, the call goes on',
  run: (scene) =>
    whileTalking(scene, async () => {
      const before = await discardsOf(scene.a);
      await expectHeard(scene.stage);
      await sendGarbage(scene.port);
      await expectHeard(scene.stage);
      const counted = await waitFor('the garbage to be counted', 5_000, async () => {
        const grown = (await discardsOf(scene.a)) - before;
        return grown >= GARBAGE_DATAGRAMS * 0.9 ? grown : null;
      });
      await scene.a.window.waitForMembers([NICKNAME_A, NICKNAME_B]);
      return { sentDatagrams: GARBAGE_DATAGRAMS, counted };
    }),
};

/** Few enough that loopback loses hardly any. */
const GARBAGE_DATAGRAMS = 500;

async function discardsOf({ window }: Person): Promise<number> {
  const relay = (await window.stats()).relay ?? {};
  return Object.entries(relay)
    .filter(([name]) => name.startsWith('discard.'))
    .reduce((sum, [, count]) => sum + count, 0);
}

/** Random and truncated datagrams, then text that is no message on a control lane of its own. */
async function sendGarbage(port: number): Promise<void> {
  const rng = createRng(99);
  const socket = createSocket('udp4');
  for (let n = 0; n < GARBAGE_DATAGRAMS; n += 1) {
    const bytes = Buffer.from(
      Array.from({ length: 1 + Math.floor(rng.next() * 80) }, () => rng.next() * 256),
    );
    await new Promise<void>((resolve) => socket.send(bytes, port, '127.0.0.1', () => resolve()));
  }
  socket.close();
  const lane = new WebSocket(`wss://127.0.0.1:${port}`, { rejectUnauthorized: false });
  await once(lane, 'open');
  lane.on('error', () => undefined);
  for (const text of ['', '{', '[]', '{"type":"hello"}', '\u0000'.repeat(200)]) lane.send(text);
  await sleep(200);
  lane.terminate();
}

const hookDies: Journey = {
  name: 'the microphone closes when the key hook is killed while the key is held',
  run: async (scene) => {
    const { stage, a } = scene;
    return whileSpeaking(scene, async () => {
      await stage.display.keyDown(TALK_KEY);
      await expectHeard(stage);
      const pid = a.app.hotkeyPid();
      if (pid === null) throw new Error('the process that listens to the keyboard was not found');
      process.kill(pid, 'SIGKILL');
      // Nobody is there to see this release.
      await stage.display.keyUp(TALK_KEY);
      const loudest20MsDbfs = await expectSilence(stage);
      await waitFor('a new process that listens to the keyboard', 10_000, () => {
        const now = a.app.hotkeyPid();
        return now !== null && now !== pid ? now : null;
      });
      await waitFor('the key to work again', 10_000, async () =>
        (await a.window.state()).hotkeyProblem === '' ? true : null,
      );
      await stage.display.keyDown(TALK_KEY);
      await expectHeard(stage);
      await stage.display.keyUp(TALK_KEY);
      await expectSilence(stage);
      return { loudest20MsDbfs };
    });
  },
};

/** With B in the room and both windows in the background. */
export const journeysInTheCall: readonly Journey[] = [
  {
    name: 'muted: the key opens nothing',
    run: (scene) =>
      whileTalking(scene, async () => {
        await expectHeard(scene.stage);
        await scene.a.window.part('mute').click();
        const loudest20MsDbfs = await expectSilence(scene.stage);
        await scene.a.window.part('mute').click();
        await expectHeard(scene.stage);
        return { loudest20MsDbfs };
      }),
  },
  {
    name: 'deafened: B hears nothing',
    run: (scene) =>
      whileTalking(scene, async () => {
        await expectHeard(scene.stage);
        await scene.b.window.part('deafen').click();
        const loudest20MsDbfs = await expectSilence(scene.stage);
        await scene.b.window.part('deafen').click();
        await expectHeard(scene.stage);
        return { loudest20MsDbfs };
      }),
  },
  {
    name: 'volume 0 of A at B',
    run: (scene) =>
      whileTalking(scene, async () => {
        await expectHeard(scene.stage);
        await scene.b.window.setVolume(NICKNAME_A, 0);
        const loudest20MsDbfs = await expectSilence(scene.stage);
        await scene.b.window.setVolume(NICKNAME_A, 1);
        await expectHeard(scene.stage);
        return { loudest20MsDbfs };
      }),
  },
  {
    name: 'B leaves and comes back',
    run: async (scene) => {
      const { a, b, stage } = scene;
      await b.window.leave();
      await a.window.waitForMembers([NICKNAME_A]);
      await b.window.join(NICKNAME_B, scene.invite);
      await b.window.waitForVoice();
      await a.window.waitForMembers([NICKNAME_A, NICKNAME_B]);
      const heardAfterMs = await whileTalking(scene, () => expectHeard(stage));
      return { heardAfterMs };
    },
  },
  {
    name: 'the key works while the window is minimised',
    run: async (scene) => {
      const { stage, a } = scene;
      await stage.display.minimise(a.windowId);
      const heardAfterMs = await whileTalking(scene, () => expectHeard(stage));
      const loudest20MsDbfs = await whileSpeaking(scene, () => expectSilence(stage));
      await stage.display.focus(a.windowId);
      return { heardAfterMs, loudest20MsDbfs };
    },
  },
  {
    name: 'the talking member is shown',
    run: (scene) =>
      whileTalking(scene, async () => {
        const row = scene.b.window.page.locator(`[data-testid="member"][data-nickname="${NICKNAME_A}"]`);
        await waitFor('the talk indicator', 5_000, async () => {
          return (await row.getAttribute('data-talking')) === 'true' ? true : null;
        });
        await scene.a.window.waitForAttribute('own-state', 'data-transmitting', 'true');
        return {};
      }),
  },
  garbage,
  hookDies,
];

/** A third person whose microphone does not exist joins all the same, is told, and leaves. */
export const brokenMicrophone: Journey = {
  name: 'a microphone that cannot be opened',
  run: async (scene) => {
    const { stage } = scene;
    const c = await stage.startPerson('c', 'a', { PULSE_SOURCE: 'no-such-source' });
    await c.window.join('Clara', scene.invite);
    await c.window.waitForVoice();
    await scene.a.window.waitForMembers([NICKNAME_A, NICKNAME_B, 'Clara']);
    const told = await c.window.inSettings(async () => {
      const status = c.window.part('input-status');
      await waitFor('the microphone to be reported', 10_000, async () => {
        const value = await status.getAttribute('data-status');
        return value !== null && ['failed', 'lost', 'absent'].includes(value) ? true : null;
      });
      return status.textContent();
    });
    const heardAfterMs = await whileTalking(scene, () => expectHeard(stage));
    await c.window.close();
    const { tookMs, killed } = await c.app.stop();
    if (killed) throw new Error('the program with the broken microphone did not end by itself');
    await scene.a.window.waitForMembers([NICKNAME_A, NICKNAME_B]);
    return { sentence: told?.trim() ?? '', heardAfterMs, stoppedAfterMs: tookMs };
  },
};
