import { type ReactElement, useEffect, useMemo, useState } from 'react';
import type { Account, AdminChannel, AdminRoom, ListeningState } from '../../../contract/admin.ts';
import { FormDialog } from '../../ui/dialog.tsx';
import { treeOrder } from '../room/room-tree.ts';
import { carryOut } from '../shell/announcer.tsx';
import { AskedProblem } from '../shell/asked-problem.tsx';
import { useDashboard } from '../state/dashboard.ts';
import { permissionRule } from '../state/rights.ts';
import { onListeningNews } from '../state/room-store.ts';
import { useAnswer } from '../state/use-answer.ts';
import { ListeningCard, type ListeningQuestion } from './listening-card.tsx';
import { ListeningDialog } from './listening-dialog.tsx';
import './listeners.css';

interface ListenersScreenProps {
  readonly room: AdminRoom;
  readonly account: Account;
}

/** A question, with the channel as it stood when it was asked. */
interface Open {
  readonly question: ListeningQuestion;
  readonly channel: AdminChannel;
  readonly state: ListeningState;
}

/** Who is not in the room and hears it all the same: by channel, the switch, the addresses, and who listens. */
export function ListenersScreen({ room, account }: ListenersScreenProps): ReactElement {
  const { api } = useDashboard();
  const listening = useAnswer(() => api.listening());
  const [open, setOpen] = useState<Open | null>(null);
  const { ask } = listening;
  useEffect(() => onListeningNews(() => void ask()), [ask]);
  const switches = room.channels.map(({ id, config }) => `${id} ${config.listeners}`).join();
  const [known, setKnown] = useState(switches);
  useEffect(() => {
    // Channels come and go, and are switched elsewhere, too.
    if (known === switches) return;
    setKnown(switches);
    void ask();
  }, [ask, known, switches]);
  const states = useMemo(
    () => new Map((listening.value ?? []).map((state) => [state.channel, state])),
    [listening.value],
  );
  const rule = permissionRule('channels', account.role, room);
  const close = (): void => setOpen(null);
  return (
    <>
      <p className="field-hint">
        People who are not in the room can hear a channel that is open to listeners. Everybody in such a
        channel is told, and sees a member named “Listeners”.
      </p>
      <AskedProblem asked={listening} />
      <ul className="listening-list">
        {treeOrder(room.channels).map(({ channel }) => {
          const state = states.get(channel.id);
          return state === undefined ? null : (
            <ListeningCard
              key={channel.id}
              channel={channel}
              state={state}
              rule={state.mayManage ? '' : rule || 'Only those who may change the channel may do that.'}
              onAsk={(question) => setOpen({ question, channel, state })}
            />
          );
        })}
      </ul>
      {open === null ? null : <Question open={open} onClose={close} onDone={() => void ask()} />}
    </>
  );
}

interface QuestionProps {
  readonly open: Open;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function Question({ open, onClose, onDone }: QuestionProps): ReactElement {
  const { api } = useDashboard();
  const { question, channel, state } = open;
  const { id, name } = channel;
  const carry = async (...command: Parameters<typeof carryOut>): Promise<string> => {
    const sentence = await carryOut(...command);
    if (sentence === '') onDone();
    return sentence;
  };
  switch (question) {
    case 'change':
      return (
        <ListeningDialog
          name={name}
          state={state}
          onClose={onClose}
          onSave={(change) =>
            carry(
              api.saveListening(id, change),
              `${name} is ${change.listeners ? 'open' : 'closed'} to listeners.`,
            )
          }
        />
      );
    case 'link':
      return (
        <FormDialog
          title={`A new link for ${name}?`}
          testId="renew-link-dialog"
          submitLabel="Make a new link"
          danger
          onClose={onClose}
          onSubmit={() => carry(api.renewListeningLink(id), `${name} has a new link.`)}
        >
          <p>The old link leads nowhere any more, and whoever listens by it is cut off at once.</p>
        </FormDialog>
      );
    case 'publishKey':
      return (
        <FormDialog
          title={`A new publisher’s key for ${name}?`}
          testId="renew-key-dialog"
          submitLabel="Make a new key"
          danger
          onClose={onClose}
          onSubmit={() => carry(api.renewPublishKey(id), `${name} has a new publisher’s key.`)}
        >
          <p>Whoever publishes with the old key is cut off at once.</p>
        </FormDialog>
      );
  }
}
