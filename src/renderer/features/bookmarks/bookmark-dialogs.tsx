import { type ReactElement, useState } from 'react';
import type { Bookmark } from '../../../contract/dto.ts';
import {
  DEFAULT_ROOM_PORT,
  MAX_ADDRESS_LENGTH,
  MAX_NAME_TEXT_LENGTH,
  MAX_SECRET_TEXT_LENGTH,
} from '../../../contract/limits.ts';
import { sentenceOf } from '../../state/outcome.ts';
import { useProgram } from '../../state/program.ts';
import { FormDialog } from '../../ui/dialog.tsx';
import { SwitchField, TextField } from '../../ui/field.tsx';
import { readPort } from '../start/room-defaults.ts';

interface BookmarkDialogProps {
  /** The one to change; null: a new one. */
  readonly bookmark: Bookmark | null;
  /** The nickname a new one starts with. */
  readonly nickname: string;
  readonly onClose: () => void;
}

/** Keeps a room by its address, or changes one that is kept. */
export function BookmarkDialog({ bookmark, nickname, onClose }: BookmarkDialogProps): ReactElement {
  const { api } = useProgram();
  const [name, setName] = useState(bookmark?.name ?? '');
  const [address, setAddress] = useState(bookmark?.address ?? '');
  const [portText, setPortText] = useState(bookmark === null ? '' : String(bookmark.port));
  const [as, setAs] = useState(bookmark?.nickname ?? nickname);
  const [password, setPassword] = useState('');
  const [forget, setForget] = useState(false);
  const port = readPort(portText);
  const problems = [
    address.trim() === '' ? 'A room needs an address.' : '',
    as.trim() === '' ? 'Choose a nickname for this room.' : '',
    port.ok ? '' : 'A port is a whole number from 1 to 65535.',
  ];
  const submit = (): Promise<string> => {
    if (!port.ok) return Promise.resolve('A port is a whole number from 1 to 65535.');
    const kept = password === '' ? (forget ? { password: null } : {}) : { password };
    return sentenceOf(
      api.saveBookmark({
        id: bookmark?.id ?? null,
        name: name.trim() === '' ? address.trim() : name.trim(),
        address: address.trim(),
        port: port.port ?? DEFAULT_ROOM_PORT,
        nickname: as.trim(),
        ...kept,
      }),
    );
  };
  return (
    <FormDialog
      title={bookmark === null ? 'Add a room' : `Edit ${bookmark.name}`}
      testId="bookmark-dialog"
      submitLabel="Save"
      onClose={onClose}
      blocked={problems.find((problem) => problem !== '') ?? ''}
      onSubmit={submit}
    >
      <TextField
        label="Name"
        value={name}
        onChange={setName}
        testId="bookmark-name"
        maxLength={MAX_NAME_TEXT_LENGTH}
        placeholder="As its address"
      />
      <div className="dialog-pair">
        <TextField
          label="Address"
          value={address}
          onChange={setAddress}
          testId="bookmark-address"
          maxLength={MAX_ADDRESS_LENGTH}
        />
        <TextField
          label="Port"
          value={portText}
          onChange={setPortText}
          testId="bookmark-port"
          placeholder={String(DEFAULT_ROOM_PORT)}
          numeric
        />
      </div>
      <TextField
        label="Your nickname there"
        value={as}
        onChange={setAs}
        testId="bookmark-nickname"
        maxLength={MAX_NAME_TEXT_LENGTH}
      />
      <TextField
        label="Room password"
        value={password}
        onChange={setPassword}
        testId="bookmark-password"
        maxLength={MAX_SECRET_TEXT_LENGTH}
        secret
        placeholder={
          bookmark?.hasPassword === true ? 'Left empty, it stays as it is' : 'If the room asks for one'
        }
        hint="It is kept where your identity is kept."
      />
      {bookmark?.hasPassword === true ? (
        <SwitchField
          label="Forget the password"
          hint="You are then asked for it by the room."
          on={forget}
          onChange={setForget}
          testId="bookmark-forget"
        />
      ) : null}
    </FormDialog>
  );
}

/** Asks once more before a room is forgotten. */
export function RemoveBookmarkDialog(props: { bookmark: Bookmark; onClose: () => void }): ReactElement {
  const { bookmark, onClose } = props;
  const { api } = useProgram();
  return (
    <FormDialog
      title={`Remove ${bookmark.name} from your rooms?`}
      testId="remove-bookmark-dialog"
      submitLabel="Remove"
      danger
      onClose={onClose}
      onSubmit={() => sentenceOf(api.removeBookmark({ id: bookmark.id }))}
    >
      <p>Its address, your nickname there and its password are forgotten. The room itself stays.</p>
    </FormDialog>
  );
}
