import {
  type AdminChannel,
  type ListeningState,
  type SaveListening,
  saveListeningSchema,
} from '../../../contract/admin.ts';
import { DONE, type FakeAnswer, type FakeRequest, refuse, withBody } from './fake-answers.ts';

/** What made-up listening needs of the made-up relay around it. */
export interface FakeListeningSurroundings {
  readonly channels: () => readonly AdminChannel[];
  /** Turns a channel's switch. */
  readonly setListeners: (channel: AdminChannel, listeners: boolean) => void;
  /** Tells that something has changed, and writes it into the log. */
  readonly changed: (action: string, channel: number) => void;
}

/** What is kept of a channel. */
type Kept = Omit<ListeningState, 'channel' | 'listeners' | 'links' | 'now' | 'mayManage' | 'sentence'> & {
  readonly linkKey: string;
};

const first: Kept = {
  source: 'conversation',
  access: 'link',
  hasPassword: false,
  publish: false,
  publishKey: null,
  talk: false,
  maxListeners: 200,
  linkKey: 'kV9mXw2b7TqLr4Zs0AeHc8',
};

const HOST = 'voice.example.org';

/** Listening at a made-up relay: keeps settings in memory, and has a listener more every so often. */
export class FakeListening {
  private readonly around: FakeListeningSurroundings;
  private readonly kept = new Map<number, Kept>();
  private made = 0;
  private seconds = 0;

  constructor(around: FakeListeningSurroundings) {
    this.around = around;
  }

  /** A second goes by. */
  tick(): void {
    this.seconds += 1;
  }

  /** Null: the request is not about listening. */
  handle({ method, path, body }: FakeRequest): FakeAnswer | null {
    if (path === '/api/listeners' && method === 'GET') {
      return { status: 200, body: this.around.channels().map((channel) => this.stateOf(channel)) };
    }
    const [, id = '', renewed = ''] = /^\/api\/listeners\/(\d+)(?:\/([a-z-]+))?$/u.exec(path) ?? [];
    const channel = this.around.channels().find((one) => one.id === Number(id));
    if (channel === undefined) return null;
    if (method === 'PUT' && renewed === '') {
      return withBody(saveListeningSchema, body, (change) => this.save(channel, change));
    }
    if (method !== 'POST') return null;
    const kept = this.keptOf(channel.id);
    if (renewed === 'link') this.kept.set(channel.id, { ...kept, linkKey: this.drawKey() });
    else this.kept.set(channel.id, { ...kept, publish: true, publishKey: this.drawKey() });
    this.around.changed(renewed === 'link' ? 'renewListeningLink' : 'renewPublishKey', channel.id);
    const now = this.around.channels().find((one) => one.id === channel.id) ?? channel;
    return { status: 200, body: this.stateOf(now) };
  }

  private keptOf(channel: number): Kept {
    return this.kept.get(channel) ?? first;
  }

  private drawKey(): string {
    this.made += 1;
    return `made-up-key-${String(this.made).padStart(10, '0')}`;
  }

  private save(channel: AdminChannel, { listeners, password, ...change }: SaveListening): FakeAnswer {
    const before = this.keptOf(channel.id);
    const hasPassword = password === undefined ? before.hasPassword : password !== null;
    if (change.access === 'password' && !hasPassword) {
      return refuse(400, 'badRequest', 'Listening by password needs a listening password.');
    }
    const { source = before.source, access = before.access } = change;
    const { talk = before.talk, maxListeners = before.maxListeners } = change;
    const becomes = source === 'publisher' && before.source !== 'publisher';
    const publish = change.publish ?? (becomes || before.publish);
    const publishKey = publish ? (before.publishKey ?? this.drawKey()) : null;
    const kept = { ...before, source, access, talk, maxListeners, hasPassword, publish, publishKey };
    this.kept.set(channel.id, kept);
    if (channel.config.listeners !== listeners) this.around.setListeners(channel, listeners);
    this.around.changed('changeListening', channel.id);
    return DONE;
  }

  private stateOf({ id, name, config }: AdminChannel): ListeningState {
    const { linkKey, ...kept } = this.keptOf(id);
    const { listeners } = config;
    const slug = encodeURIComponent(name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-'));
    const query = kept.access === 'link' ? `?key=${linkKey}` : '';
    const key = kept.source === 'publisher' ? kept.publishKey : null;
    const web = `https://${HOST}:48482`;
    const links = {
      page: `${web}/listen/${slug}${query}`,
      ogg: `${web}/stream/${slug}.ogg${query}`,
      rtsp: `rtsp://${HOST}:8554/${slug}${query}`,
      whep: `${web}/whep/${slug}${query}`,
      websocket: `wss://${HOST}:48482/ws/${slug}${query}`,
      publish: key === null ? null : `https://source:${key}@${HOST}:48482/publish/${slug}`,
      icecast: key === null ? null : `icecast://source:${key}@${HOST}:48482/publish/${slug}`,
      whip: key === null ? null : `${web}/whip/${slug}?key=${key}`,
    };
    const audience = listeners ? Math.min(kept.maxListeners, 3 + Math.floor(this.seconds / 5)) : 0;
    return {
      ...kept,
      channel: id,
      listeners,
      links: listeners ? links : null,
      now: {
        listeners: audience,
        source: listeners ? (key === null ? 'Conversation' : 'Studio') : null,
        title: listeners && key !== null ? 'Prelude in C, played with one hand' : '',
      },
      mayManage: true,
      sentence: null,
    };
  }
}
