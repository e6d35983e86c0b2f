import type { ChatEntry, ChatTarget, Conversation } from '../../contract/chat.ts';
import type { CommandHandlers } from '../../contract/ipc.ts';
import type { WhisperTarget } from '../../contract/room.ts';
import type { MockStage } from './mock-stage.ts';

type TalkHandlers = Pick<
  CommandHandlers,
  | 'sendChat'
  | 'getConversations'
  | 'loadOlderChat'
  | 'openLink'
  | 'saveWhisperList'
  | 'removeWhisperList'
  | 'captureWhisperBinding'
  | 'clearWhisperBinding'
  | 'setWhisperButton'
>;

/** How long the made-up relay takes to take a message, in ms. */
const DELIVERY_MS = 700;

/** How long somebody takes to press a key for a binding, in ms. */
const PRESS_MS = 1_500;

const MINUTE_MS = 60_000;

/** Messages of one page of history. */
const PAGE = 12;

/** Chat and whispers of a made-up room. "fail" as a message fails; in the channel everything is answered. */
export function talkHandlers(stage: MockStage, conversations: readonly Conversation[]): TalkHandlers {
  let pagesLeft = 2;
  let oldest = Date.now() - 60 * MINUTE_MS;
  const tell = (target: ChatTarget, entry: ChatEntry): void => {
    const title =
      target.kind === 'channel'
        ? stage.state.channels.find((one) => one.id === target.channel)?.name
        : stage.state.members.find((one) => one.identity === target.identity)?.nickname;
    stage.emit('chatChanged', { target, title: title ?? 'Somebody', entry });
  };
  return {
    ...whisperHandlers(stage),
    sendChat: ({ target, text }) => {
      const self = stage.state.members.find((one) => one.self);
      const sent: ChatEntry = {
        key: `own-${stage.nextId()}`,
        order: Date.now(),
        own: true,
        nickname: stage.state.nickname,
        identity: self?.identity ?? '',
        text,
        sentMs: Date.now(),
        state: 'pending',
        problem: '',
      };
      tell(target, sent);
      setTimeout(() => {
        if (text === 'fail') tell(target, { ...sent, state: 'failed', problem: 'The room did not take it.' });
        else tell(target, { ...sent, state: 'delivered' });
        const other = stage.state.members.find((one) => !one.self);
        if (other !== undefined && text !== 'fail')
          tell(target, {
            ...sent,
            key: `answer-${stage.nextId()}`,
            order: Date.now() + 1,
            own: false,
            nickname: other.nickname,
            identity: other.identity,
            text: `You wrote “${text}”.`,
            state: 'delivered',
          });
      }, DELIVERY_MS);
      return Promise.resolve({ ok: true });
    },
    getConversations: () => Promise.resolve([...conversations]),
    loadOlderChat: ({ channel }) => {
      pagesLeft -= 1;
      for (let count = 0; count < PAGE; count += 1) {
        oldest -= MINUTE_MS;
        tell(
          { kind: 'channel', channel },
          {
            key: `old-${oldest}`,
            order: oldest,
            own: false,
            nickname: 'Grace',
            identity: 'identity-2',
            text: `An older message, number ${count + 1}.`,
            sentMs: oldest,
            state: 'delivered',
            problem: '',
          },
        );
      }
      return Promise.resolve({ ok: true, more: pagesLeft > 0 });
    },
    openLink: () => stage.refuse('There is no browser behind this made-up program.'),
  };
}

function whisperHandlers(
  stage: MockStage,
): Omit<TalkHandlers, 'sendChat' | 'getConversations' | 'loadOlderChat' | 'openLink'> {
  const change = (part: Partial<typeof stage.state.whispers>) =>
    stage.change({ whispers: { ...stage.state.whispers, ...part } });
  const bind = (key: 'reply' | number, label: string | null) => {
    const binding = label === null ? null : { device: 'keyboard' as const, code: 60, label };
    if (key === 'reply') return change({ replyBinding: binding, capturing: null });
    const lists = stage.state.whispers.lists.map((one) => (one.id === key ? { ...one, binding } : one));
    return change({ lists, capturing: null });
  };
  const nameOf = (target: WhisperTarget): string => {
    const { whispers, members } = stage.state;
    if (target.kind === 'reply') return whispers.lastFrom;
    if (target.kind === 'list') return whispers.lists.find((one) => one.id === target.list)?.name ?? '';
    return members.find((one) => one.token === target.token)?.nickname ?? '';
  };
  return {
    saveWhisperList: ({ list, name, targets }) => {
      const before = stage.state.whispers.lists;
      if (list !== null)
        return change({ lists: before.map((one) => (one.id === list ? { ...one, name, targets } : one)) });
      return change({ lists: [...before, { id: stage.nextId(), name, targets, binding: null }] });
    },
    removeWhisperList: ({ list }) =>
      change({ lists: stage.state.whispers.lists.filter((one) => one.id !== list) }),
    captureWhisperBinding: ({ key, capturing }) => {
      if (capturing)
        setTimeout(() => {
          if (stage.state.whispers.capturing === key) void bind(key, 'F9');
        }, PRESS_MS);
      return change({ capturing: capturing ? key : null });
    },
    clearWhisperBinding: ({ key }) => bind(key, null),
    setWhisperButton: ({ target, down }) => change({ activeTo: down ? nameOf(target) : '' }),
  };
}
