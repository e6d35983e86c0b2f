import type { ReactElement } from 'react';
import type { Bookmark } from '../../../contract/dto.ts';
import { MAX_BOOKMARKS } from '../../../contract/limits.ts';
import { showDialog } from '../../state/dialog-store.ts';
import { perform, useProgram } from '../../state/program.ts';
import { Icon } from '../../ui/icons.tsx';
import { RuledButton } from '../../ui/ruled-button.tsx';
import { placeText } from '../start/room-defaults.ts';
import './bookmarks.css';

interface BookmarkListProps {
  readonly bookmarks: readonly Bookmark[];
  readonly busy: boolean;
}

/** Rooms kept for later: one press and one is in. */
export function BookmarkList({ bookmarks, busy }: BookmarkListProps): ReactElement {
  return (
    <section className="bookmarks" aria-labelledby="bookmarks-title">
      <div className="bookmarks-head">
        <h2 id="bookmarks-title">Your rooms</h2>
        <RuledButton
          className="button"
          data-kind="quiet"
          data-size="small"
          data-testid="bookmark-add"
          rule={bookmarks.length < MAX_BOOKMARKS ? '' : `No more than ${MAX_BOOKMARKS} rooms are kept.`}
          onClick={() => showDialog({ kind: 'bookmark', id: null })}
        >
          <Icon name="plus" size={16} />
          Add a room
        </RuledButton>
      </div>
      {bookmarks.length === 0 ? (
        <p className="field-hint">Rooms you keep are one press away here.</p>
      ) : (
        <ul className="bookmark-rows">
          {bookmarks.map((bookmark) => (
            <BookmarkRow key={bookmark.id} bookmark={bookmark} busy={busy} />
          ))}
        </ul>
      )}
    </section>
  );
}

function BookmarkRow({ bookmark, busy }: { bookmark: Bookmark; busy: boolean }): ReactElement {
  const { api } = useProgram();
  const { id, name } = bookmark;
  return (
    <li className="bookmark" data-testid="bookmark" data-name={name}>
      <button
        type="button"
        className="bookmark-join"
        data-testid="bookmark-join"
        disabled={busy}
        onClick={() => void perform(api.joinBookmark({ id }))}
      >
        <Icon name="bookmark" size={16} />
        <span className="bookmark-text">
          <bdi className="bookmark-name">{name}</bdi>
          <span className="field-hint bookmark-where">
            {placeText(bookmark.address, bookmark.port)} as <bdi>{bookmark.nickname}</bdi>
            {bookmark.hasPassword ? ', with its password' : ''}
          </span>
        </span>
        <span className="bookmark-go">Join</span>
      </button>
      <button
        type="button"
        className="button"
        data-kind="quiet"
        data-shape="square"
        data-testid="bookmark-edit"
        aria-label={`Edit ${name}`}
        title="Edit"
        onClick={() => showDialog({ kind: 'bookmark', id })}
      >
        <Icon name="edit" size={16} />
      </button>
      <button
        type="button"
        className="button"
        data-kind="quiet"
        data-shape="square"
        data-testid="bookmark-remove"
        aria-label={`Remove ${name}`}
        title="Remove"
        onClick={() => showDialog({ kind: 'removeBookmark', id })}
      >
        <Icon name="trash" size={16} />
      </button>
    </li>
  );
}
