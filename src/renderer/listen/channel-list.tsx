import { type ReactElement, useEffect, useState } from 'react';
import { type ChannelList as Channels, channelListSchema } from '../../contract/listener-page.ts';
import { Icon } from '../ui/icons.tsx';

/** How often the list is asked for anew, in ms. */
const REFRESH_MS = 15_000;

type Answer = Channels['channels'] | 'asking' | 'failed';

async function fetchChannels(): Promise<Answer> {
  try {
    const response = await fetch('/listen/channels.json');
    const read = channelListSchema.safeParse(await response.json());
    return read.success ? read.data.channels : 'failed';
  } catch {
    return 'failed';
  }
}

/** What anybody may hear on this relay. */
export function ChannelList(): ReactElement {
  const [channels, setChannels] = useState<Answer>('asking');
  useEffect(() => {
    let shown = true;
    const refresh = async (): Promise<void> => {
      const answer = await fetchChannels();
      if (shown) setChannels(answer);
    };
    void refresh();
    const timer = setInterval(() => void refresh(), REFRESH_MS);
    return () => {
      shown = false;
      clearInterval(timer);
    };
  }, []);
  return (
    <>
      <h1 className="listen-channel">What you can listen to</h1>
      {typeof channels === 'string' || channels.length === 0 ? (
        <p className="listen-status" role="status" data-testid="status">
          {channels === 'asking'
            ? 'Asking …'
            : channels === 'failed'
              ? 'The relay did not answer. It is asked again in a moment.'
              : 'No channel of this room is open to everybody. Whoever was given a link can listen with that.'}
        </p>
      ) : (
        <ul className="listen-list">
          {channels.map(({ slug, name, source, title }) => (
            <li key={slug}>
              <a className="listen-entry" href={`/listen/${encodeURIComponent(slug)}`} data-testid="entry">
                <span className="lamp" data-tone={source === null ? 'off' : 'live'} />
                <span className="listen-entry-text">
                  <span className="listen-entry-name">{name}</span>
                  <span className="listen-entry-title">
                    {source === null ? 'Nothing is on air' : title === '' ? `On air: ${source}` : title}
                  </span>
                </span>
                <Icon name="move" />
              </a>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
