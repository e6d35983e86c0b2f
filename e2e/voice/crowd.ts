import { HeadlessMember } from '../rig/member/headless-member.ts';

/** A crowd that fills a room and goes away again; none of them speaks or listens. */
export type Crowd = { readonly leave: () => Promise<void> };

/** Time for farewells to go out, in ms. */
const FAREWELL_MS = 200;

/** Lets `count` members into the room at `port`, one after another. */
export async function fillRoom(port: number, count: number): Promise<Crowd> {
  const members: HeadlessMember[] = [];
  for (let n = 1; n <= count; n += 1) {
    const member = new HeadlessMember({ nickname: `Guest ${n}` });
    const outcome = await member.join({ port, certificateSha256: null });
    if (!outcome.ok) throw new Error(`the relay did not let Guest ${n} in: ${outcome.sentence}`);
    members.push(member);
  }
  return {
    leave: async () => {
      for (const member of members) member.leave();
      await new Promise((resolve) => setTimeout(resolve, FAREWELL_MS));
    },
  };
}
