import { type ReactElement, useId } from 'react';
import type { AdminChannel, ListeningState } from '../../../contract/admin.ts';
import { Icon } from '../../ui/icons.tsx';
import { RuledButton } from '../../ui/ruled-button.tsx';
import { LinkField } from './link-field.tsx';
import {
  audienceText,
  listeningWays,
  type NamedLink,
  onAirText,
  publishingWays,
  summaryText,
} from './listening-words.ts';

/** What can be asked for from a channel's card. */
export type ListeningQuestion = 'change' | 'link' | 'publishKey';

interface ListeningCardProps {
  readonly channel: AdminChannel;
  readonly state: ListeningState;
  /** Why the account may not change it; empty: it may. */
  readonly rule: string;
  readonly onAsk: (question: ListeningQuestion) => void;
}

/** How one channel is listened to, who does, and the addresses to hand out. */
export function ListeningCard({ channel, state, rule, onAsk }: ListeningCardProps): ReactElement {
  const id = useId();
  const { name } = channel;
  const { listeners, sentence } = state;
  return (
    <li
      className="panel listening"
      aria-labelledby={id}
      data-testid="listening"
      data-name={name}
      data-open={listeners}
    >
      <div className="listening-head">
        <div className="listening-title">
          <h2 id={id} className="section-title row-title">
            <Icon name="ear" />
            <bdi className="listening-name" title={name}>
              {name}
            </bdi>
          </h2>
          <span className="tag" data-testid="listening-open">
            {listeners ? 'Open' : 'Closed'}
          </span>
        </div>
        <RuledButton
          data-size="small"
          data-testid="listening-change"
          aria-label={listeners ? `Change listening to ${name}` : `Open ${name} to listeners`}
          rule={rule}
          onClick={() => onAsk('change')}
        >
          {listeners ? 'Change' : 'Open'}
        </RuledButton>
      </div>
      {listeners ? <OpenChannel name={name} state={state} rule={rule} onAsk={onAsk} /> : null}
      {sentence === null ? null : (
        <p className="problem" data-testid="listening-problem">
          <Icon name="warning" size={16} />
          <span>{sentence}</span>
        </p>
      )}
    </li>
  );
}

type OpenChannelProps = Omit<ListeningCardProps, 'channel'> & { readonly name: string };

function OpenChannel({ name, state, rule, onAsk }: OpenChannelProps): ReactElement {
  return (
    <>
      <p className="listening-facts">
        <span data-testid="listening-audience">{audienceText(state)}</span>
        <bdi data-testid="listening-on">{onAirText(state)}</bdi>
        <span>{summaryText(state)}</span>
        {state.talk ? <span>Listeners may talk</span> : null}
      </p>
      {state.links === null ? (
        <NoLinks state={state} />
      ) : (
        <>
          <LinkField
            label="Listener page"
            value={state.links.page}
            testId="link-page"
            what={`the listener page of ${name}`}
          />
          <Ways title="More ways to listen" ways={listeningWays(state)} name={name} />
        </>
      )}
      {state.access === 'link' ? (
        <RuledButton
          className="button listening-renew"
          data-size="small"
          data-testid="listening-renew-link"
          aria-label={`New link for ${name}`}
          rule={rule}
          onClick={() => onAsk('link')}
        >
          New link
        </RuledButton>
      ) : null}
      <Publishing name={name} state={state} rule={rule} onAsk={onAsk} />
    </>
  );
}

function NoLinks({ state }: { state: ListeningState }): ReactElement | null {
  // What stands in the way is told already.
  if (state.sentence !== null) return null;
  const hidden = state.access === 'link' && !state.mayManage;
  return (
    <p className="field-hint" data-testid="listening-no-links">
      {hidden
        ? 'The link is shown to those who may change the channel.'
        : 'There are no addresses yet: the gateways are starting.'}
    </p>
  );
}

function Publishing({ name, state, rule, onAsk }: OpenChannelProps): ReactElement | null {
  const { source, publish, publishKey } = state;
  if (source !== 'publisher') return null;
  if (!publish) return <p className="field-hint">Nobody may publish at the moment.</p>;
  if (publishKey === null) {
    return <p className="field-hint">The publisher’s key is shown to those who may change the channel.</p>;
  }
  return (
    <>
      <LinkField
        label="Publisher’s key"
        value={publishKey}
        testId="publish-key"
        what={`the publisher’s key of ${name}`}
      />
      <Ways title="Ways to publish" ways={publishingWays(state)} name={name} />
      <RuledButton
        className="button listening-renew"
        data-size="small"
        data-testid="listening-renew-key"
        aria-label={`New key for publishers of ${name}`}
        rule={rule}
        onClick={() => onAsk('publishKey')}
      >
        New key
      </RuledButton>
    </>
  );
}

function Ways(props: { title: string; ways: readonly NamedLink[]; name: string }): ReactElement | null {
  const { title, ways, name } = props;
  if (ways.length === 0) return null;
  return (
    <details className="listening-ways">
      <summary>
        <Icon name="chevron" size={16} />
        {title}
      </summary>
      <div className="listening-links">
        {ways.map((way) => (
          <LinkField
            key={way.name}
            label={way.label}
            value={way.address}
            testId={`link-${way.name}`}
            what={`${way.label} of ${name}`}
          />
        ))}
      </div>
    </details>
  );
}
