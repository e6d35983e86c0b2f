import {
  type ListeningState,
  listenersStateSchema,
  listeningStateSchema,
  saveListeningSchema,
} from '../../contract/admin.ts';
import { bearerRole, judgeChannelAction } from '../../core/permissions/judge.ts';
import type { AdminActor, AdminView } from '../../core/relay/admin-port.ts';
import type { ChannelInfo } from '../../core/wire/channels.ts';
import type { AdminApp } from './admin-app.ts';
import { type ListeningOutcome, type ListeningPort, NO_LISTENING } from './listening-port.ts';
import { RequestRefused, relayRefusal } from './problem.ts';
import { actorOf, BEARER, channelParamsSchema, DONE, PROBLEMS, type RouteParts } from './route-parts.ts';

/** Who may listen where, by which way: for every account; secrets and changes for who may change the channel. */
export function addListening(api: AdminApp, parts: RouteParts): void {
  const about = (summary: string) => ({ summary, tags: ['listening'], security: BEARER });
  api.get(
    '/api/listeners',
    {
      schema: {
        ...about('Where gateways may listen, and how.'),
        response: { 200: listenersStateSchema, ...PROBLEMS },
      },
    },
    async (request) => {
      const view = await parts.relay.view();
      return view.channels.map((channel) => stateOf(channel, view, actorOf(request), parts.listening));
    },
  );
  api.put(
    '/api/listeners/:channel',
    {
      schema: {
        ...about('Lets gateways listen in a channel, or not, and says how.'),
        params: channelParamsSchema,
        body: saveListeningSchema,
        response: DONE,
      },
    },
    async (request, reply) => {
      const { listeners, ...change } = request.body;
      const { channel } = request.params;
      const actor = actorOf(request);
      if (Object.keys(change).length > 0) {
        const listening = await requireManaging(parts, actor, channel);
        requireDone(listening.save(channel, change));
        await noteDown(parts, actor, 'changeListening', channel);
      }
      await parts.relay.command(actor, { kind: 'setListeners', channel, listeners });
      return reply.code(204).send();
    },
  );
  addRenewals(api, parts);
}

const renewals = [
  { name: 'link', summary: 'Gives a channel a new link; the old one ends.', action: 'renewListeningLink' },
  {
    name: 'publish-key',
    summary: 'Gives a channel’s publisher a new key; the old one ends.',
    action: 'renewPublishKey',
  },
] as const;

function addRenewals(api: AdminApp, parts: RouteParts): void {
  for (const { name, summary, action } of renewals) {
    api.post(
      `/api/listeners/:channel/${name}`,
      {
        schema: {
          summary,
          tags: ['listening'],
          security: BEARER,
          params: channelParamsSchema,
          response: { 200: listeningStateSchema, ...PROBLEMS },
        },
      },
      async (request) => {
        const { channel: id } = request.params;
        const actor = actorOf(request);
        const listening = await requireManaging(parts, actor, id);
        requireDone(name === 'link' ? listening.renewLink(id) : listening.renewPublishKey(id));
        await noteDown(parts, actor, action, id);
        const view = await parts.relay.view();
        return stateOf(channelOf(view, id), view, actor, listening);
      },
    );
  }
}

function channelOf({ channels }: AdminView, id: number): ChannelInfo {
  const channel = channels.find((one) => one.id === id);
  if (channel === undefined) throw relayRefusal('unknownChannel', null);
  return channel;
}

function stateOf(
  info: ChannelInfo,
  { roles }: AdminView,
  { role }: AdminActor,
  listening: ListeningPort | null,
): ListeningState {
  const { listeners } = info.config;
  const mayManage = judgeChannelAction('manage', info, bearerRole(role, roles), roles).ok;
  const { links, publishKey, sentence, ...open } = listening?.describe(info.id) ?? NO_LISTENING;
  return {
    ...open,
    channel: info.id,
    listeners,
    mayManage,
    publishKey: mayManage ? publishKey : null,
    links: mayManage ? links : open.access === 'link' ? null : withoutKeys(links),
    sentence: listeners ? sentence : null,
  };
}

/** What everybody may hand out: a link is a secret where it alone lets people in, a publisher's key always. */
function withoutKeys(links: ListeningState['links']): ListeningState['links'] {
  return links === null ? null : { ...links, publish: null, icecast: null, whip: null };
}

/** The relay judges its own commands; these settings it does not know. @throws RequestRefused */
async function requireManaging(
  { relay, listening }: RouteParts,
  { role }: AdminActor,
  channel: number,
): Promise<ListeningPort> {
  const view = await relay.view();
  const { roles } = view;
  const verdict = judgeChannelAction('manage', channelOf(view, channel), bearerRole(role, roles), roles);
  if (!verdict.ok) throw relayRefusal('notAllowed', verdict.rule);
  if (listening === null) throw new RequestRefused(503, 'unavailable', NO_LISTENING.sentence ?? '');
  return listening;
}

function requireDone(outcome: ListeningOutcome): void {
  if (outcome.ok) return;
  throw new RequestRefused(outcome.reason === 'badRequest' ? 400 : 503, outcome.reason, outcome.sentence);
}

function noteDown(
  { relay }: RouteParts,
  { account }: AdminActor,
  action: string,
  channel: number,
): Promise<void> {
  return relay.writeAudit(`account:${account}`, action, String(channel));
}
