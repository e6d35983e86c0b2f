import { type FormEvent, type ReactElement, useState } from 'react';
import { type BotsRequest, MAX_BOT_SECONDS, MAX_BOTS } from '../../../contract/admin.ts';
import { readWhole } from '../../features/channels/channel-words.ts';
import { FieldError, TextField } from '../../ui/field.tsx';
import { Icon } from '../../ui/icons.tsx';
import { RuledButton } from '../../ui/ruled-button.tsx';

/** What a test needs at least. */
const MIN_BOTS = 2;
const MIN_SECONDS = 5;

/** Longest address. */
const MAX_ADDRESS = 64;

const DEFAULT_BOTS = 100;
const DEFAULT_SPEAKERS = 10;
const DEFAULT_SECONDS = 30;

interface StressFormProps {
  /** Why no test can be begun; empty: one can. */
  readonly rule: string;
  /** Begins one; answers with what is wrong, or with an empty text. */
  readonly onStart: (request: BotsRequest) => Promise<string>;
}

/** How many bots, for how long, and over which way. */
export function StressForm({ rule, onStart }: StressFormProps): ReactElement {
  const [botsText, setBots] = useState(String(DEFAULT_BOTS));
  const [speakersText, setSpeakers] = useState(String(DEFAULT_SPEAKERS));
  const [secondsText, setSeconds] = useState(String(DEFAULT_SECONDS));
  const [address, setAddress] = useState('');
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const bots = readWhole(botsText, MIN_BOTS, MAX_BOTS);
  const most = bots.ok ? bots.value : MAX_BOTS;
  const speakers = readWhole(speakersText, 1, most);
  const seconds = readWhole(secondsText, MIN_SECONDS, MAX_BOT_SECONDS);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (rule !== '' || busy) return;
    if (!bots.ok || !speakers.ok || !seconds.ok) return setError('Look at the numbers once more.');
    setBusy(true);
    setError('');
    const sentence = await onStart({
      bots: bots.value,
      speakers: speakers.value,
      seconds: seconds.value,
      address: address.trim() === '' ? null : address.trim(),
    });
    setBusy(false);
    setError(sentence);
  };
  return (
    <form className="stress-form panel" noValidate onSubmit={(event) => void submit(event)}>
      <div className="stress-fields">
        <TextField
          label="Bots"
          value={botsText}
          onChange={setBots}
          testId="bots"
          numeric
          error={bots.ok ? '' : `A whole number from ${MIN_BOTS} to ${MAX_BOTS}.`}
        />
        <TextField
          label="Speak at once"
          value={speakersText}
          onChange={setSpeakers}
          testId="speakers"
          numeric
          error={speakers.ok ? '' : `A whole number from 1 to ${most}.`}
        />
        <TextField
          label="Seconds of speaking"
          value={secondsText}
          onChange={setSeconds}
          testId="seconds"
          numeric
          error={seconds.ok ? '' : `A whole number from ${MIN_SECONDS} to ${MAX_BOT_SECONDS}.`}
        />
        <TextField
          label="Over the address"
          value={address}
          onChange={setAddress}
          testId="address"
          maxLength={MAX_ADDRESS}
          placeholder="Loopback"
        />
      </div>
      <p className="field-hint">
        The bots speak into a channel of their own, with real sealing, over this machine’s loopback. With an
        address of this machine they go by its network card’s way instead; other machines cannot be named.
      </p>
      <FieldError sentence={error} testId="stress-error" />
      <div className="form-actions">
        <RuledButton
          type="submit"
          data-kind="primary"
          data-testid="spawn"
          rule={busy ? 'It is being started.' : rule}
        >
          <Icon name="bot" />
          {bots.ok ? `Spawn ${bots.value} bots` : 'Spawn bots'}
        </RuledButton>
      </div>
    </form>
  );
}
