import { type ReactElement, useEffect } from 'react';
import type { AppState } from '../../../contract/dto.ts';
import {
  closeDialog,
  closeFloating,
  type OpenDialog,
  type OpenMenu,
  useFloating,
} from '../../state/dialog-store.ts';
import { BansDialog } from '../bans/bans-dialog.tsx';
import { BookmarkDialog, RemoveBookmarkDialog } from '../bookmarks/bookmark-dialogs.tsx';
import { ChannelDialog } from '../channels/channel-dialog.tsx';
import { ChannelMenu } from '../channels/channel-menu.tsx';
import { ChannelPasswordDialog, RemoveChannelDialog } from '../channels/channel-questions.tsx';
import { removeRule } from '../channels/channel-tree.ts';
import { OpenLinkDialog } from '../chat/open-link-dialog.tsx';
import { ExportIdentityDialog, ImportIdentityDialog } from '../identity/identity-dialogs.tsx';
import { MemberMenu } from '../people/member-menu.tsx';
import { AssignRoleDialog, BanDialog, KickDialog, MoveDialog } from '../people/moderation-dialogs.tsx';
import { VerifyDialog } from '../people/verify-dialog.tsx';
import { RolesDialog } from '../roles/roles-dialog.tsx';
import { GroupCodeDialog } from '../room/group-code-dialog.tsx';
import { RoomMenu } from '../room/room-menu.tsx';
import { WhisperListDialog } from '../whispers/whisper-list-dialog.tsx';

/** Stands for what is about somebody or something that went away: closes it. */
function Gone(): null {
  useEffect(closeFloating, []);
  return null;
}

/** The dialog and the menu that are open; one whose subject goes away closes. */
export function Floating({ app }: { app: AppState }): ReactElement {
  const dialog = useFloating((state) => state.dialog);
  const menu = useFloating((state) => state.menu);
  return (
    <>
      {menu === null ? null : <ShownMenu app={app} menu={menu} />}
      {dialog === null ? null : <ShownDialog app={app} dialog={dialog} />}
    </>
  );
}

function ShownMenu({ app, menu }: { app: AppState; menu: OpenMenu }): ReactElement | null {
  switch (menu.kind) {
    case 'member': {
      const member = app.members.find((one) => one.token === menu.token);
      return member === undefined ? (
        <Gone />
      ) : (
        <MemberMenu key={member.token} member={member} place={menu.place} />
      );
    }
    case 'channel': {
      const channel = app.channels.find((one) => one.id === menu.channel);
      const own = app.members.some((one) => one.self && one.channel === menu.channel);
      return channel === undefined ? (
        <Gone />
      ) : (
        <ChannelMenu
          key={channel.id}
          channel={channel}
          own={own}
          removal={removeRule(channel, app.channels, app.members)}
          place={menu.place}
        />
      );
    }
    case 'room':
      return <RoomMenu app={app} place={menu.place} />;
  }
}

type AboutMember = Extract<OpenDialog, { token: number }>;
type AboutChannel = Extract<OpenDialog, { channel: number }>;

function MemberDialog({ app, dialog }: { app: AppState; dialog: AboutMember }): ReactElement | null {
  const member = app.members.find((one) => one.token === dialog.token);
  if (member === undefined) return <Gone />;
  const about = { member, onClose: closeDialog };
  switch (dialog.kind) {
    case 'verify':
      return <VerifyDialog {...about} />;
    case 'moveMember':
      return <MoveDialog {...about} channels={app.channels} />;
    case 'kick':
      return <KickDialog {...about} />;
    case 'ban':
      return <BanDialog {...about} />;
    case 'assignRole':
      return <AssignRoleDialog {...about} roles={app.roles} />;
  }
}

function OneChannelDialog({ app, dialog }: { app: AppState; dialog: AboutChannel }): ReactElement | null {
  const channel = app.channels.find((one) => one.id === dialog.channel);
  if (channel === undefined) return <Gone />;
  const about = { channel, onClose: closeDialog };
  switch (dialog.kind) {
    case 'changeChannel':
      return <ChannelDialog {...about} parent={null} model={channel.config} roles={app.roles} />;
    case 'removeChannel':
      return <RemoveChannelDialog {...about} />;
    case 'channelPassword':
      return <ChannelPasswordDialog {...about} />;
  }
}

function NewChannelDialog({ app, parent }: { app: AppState; parent: number | null }): ReactElement | null {
  const within = app.channels.find((one) => one.id === parent) ?? null;
  // A room has a channel at least: the one everybody lands in is what a new one at the top starts like.
  const model = app.channels.find((one) => one.landing) ?? app.channels[0];
  if (model === undefined) return <Gone />;
  return (
    <ChannelDialog
      channel={null}
      parent={within}
      model={model.config}
      roles={app.roles}
      onClose={closeDialog}
    />
  );
}

function ShownDialog({ app, dialog }: { app: AppState; dialog: OpenDialog }): ReactElement | null {
  const onClose = closeDialog;
  switch (dialog.kind) {
    case 'verify':
    case 'moveMember':
    case 'kick':
    case 'ban':
    case 'assignRole':
      return <MemberDialog app={app} dialog={dialog} />;
    case 'changeChannel':
    case 'removeChannel':
    case 'channelPassword':
      return <OneChannelDialog app={app} dialog={dialog} />;
    case 'createChannel':
      return <NewChannelDialog app={app} parent={dialog.parent} />;
    case 'groupCode':
      return <GroupCodeDialog connection={app.connection} onClose={onClose} />;
    case 'openLink':
      return <OpenLinkDialog url={dialog.url} onClose={onClose} />;
    case 'roles':
      return <RolesDialog roles={app.roles} onClose={onClose} />;
    case 'bans':
      return <BansDialog onClose={onClose} />;
    case 'bookmark': {
      const bookmark = app.bookmarks.find((one) => one.id === dialog.id) ?? null;
      return <BookmarkDialog bookmark={bookmark} nickname={app.nickname} onClose={onClose} />;
    }
    case 'removeBookmark': {
      const bookmark = app.bookmarks.find((one) => one.id === dialog.id);
      return bookmark === undefined ? (
        <Gone />
      ) : (
        <RemoveBookmarkDialog bookmark={bookmark} onClose={onClose} />
      );
    }
    case 'whisperList': {
      const list = app.whispers.lists.find((one) => one.id === dialog.id) ?? null;
      return <WhisperListDialog list={list} members={app.members} onClose={onClose} />;
    }
    case 'exportIdentity':
      return <ExportIdentityDialog onClose={onClose} />;
    case 'importIdentity':
      return <ImportIdentityDialog onClose={onClose} />;
  }
}
