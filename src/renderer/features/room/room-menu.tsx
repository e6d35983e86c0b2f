import type { ReactElement } from 'react';
import type { AppState } from '../../../contract/dto.ts';
import { closeMenu, type MenuPlace, showDialog } from '../../state/dialog-store.ts';
import { perform, useProgram } from '../../state/program.ts';
import { Menu, MenuItem } from '../../ui/menu.tsx';
import { showDiagnostics } from '../diagnostics/diagnostics-store.ts';

/** What can be done with the whole room. */
export function RoomMenu({ app, place }: { app: AppState; place: MenuPlace }): ReactElement {
  const { api } = useProgram();
  const { ownRules } = app;
  return (
    <Menu label="About this room" place={place} testId="room-menu" onClose={closeMenu}>
      <MenuItem
        icon="bookmark"
        label="Keep this room"
        testId="room-keep"
        onChoose={() => {
          closeMenu();
          void perform(api.bookmarkThisRoom());
        }}
      />
      <MenuItem
        icon="plus"
        label="New channel…"
        testId="room-new-channel"
        rule={ownRules.channels}
        onChoose={() => showDialog({ kind: 'createChannel', parent: null })}
      />
      <MenuItem
        icon="badge"
        label="Roles…"
        testId="room-roles"
        rule={ownRules.roles}
        onChoose={() => showDialog({ kind: 'roles' })}
      />
      <MenuItem
        icon="ban"
        label="Bans…"
        testId="room-bans"
        rule={ownRules.ban}
        onChoose={() => showDialog({ kind: 'bans' })}
      />
      <MenuItem
        icon="gauge"
        label="Diagnostics (F3)"
        testId="room-diagnostics"
        onChoose={() => {
          closeMenu();
          showDiagnostics(true);
        }}
      />
    </Menu>
  );
}
