import { create } from 'zustand';

/** What a dialog asks or shows; tokens and ids name its subject, which may go away meanwhile. */
export type OpenDialog =
  | { readonly kind: 'verify'; readonly token: number }
  | { readonly kind: 'moveMember'; readonly token: number }
  | { readonly kind: 'kick'; readonly token: number }
  | { readonly kind: 'ban'; readonly token: number }
  | { readonly kind: 'assignRole'; readonly token: number }
  | { readonly kind: 'createChannel'; readonly parent: number | null }
  | { readonly kind: 'changeChannel'; readonly channel: number }
  | { readonly kind: 'removeChannel'; readonly channel: number }
  | { readonly kind: 'channelPassword'; readonly channel: number }
  | { readonly kind: 'groupCode' }
  | { readonly kind: 'openLink'; readonly url: string }
  | { readonly kind: 'roles' }
  | { readonly kind: 'bans' }
  | { readonly kind: 'bookmark'; readonly id: number | null }
  | { readonly kind: 'removeBookmark'; readonly id: number }
  | { readonly kind: 'whisperList'; readonly id: number | null }
  | { readonly kind: 'exportIdentity' }
  | { readonly kind: 'importIdentity' };

/** Where a menu opens, in CSS pixels of the window. */
export interface MenuPlace {
  readonly x: number;
  readonly y: number;
}

/** What a menu is about. */
export type OpenMenu =
  | { readonly kind: 'member'; readonly token: number; readonly place: MenuPlace }
  | { readonly kind: 'channel'; readonly channel: number; readonly place: MenuPlace }
  | { readonly kind: 'room'; readonly place: MenuPlace };

interface FloatingState {
  readonly dialog: OpenDialog | null;
  readonly menu: OpenMenu | null;
}

/** The one dialog and the one menu that can be open: rows only say which, so that hundreds of them carry none. */
export const useFloating = create<FloatingState>(() => ({ dialog: null, menu: null }));

/** Opens a dialog; a menu that led to it closes. */
export function showDialog(dialog: OpenDialog): void {
  useFloating.setState({ dialog, menu: null });
}

export function closeDialog(): void {
  useFloating.setState({ dialog: null });
}

export function showMenu(menu: OpenMenu): void {
  useFloating.setState({ menu });
}

export function closeMenu(): void {
  useFloating.setState({ menu: null });
}

/** Closes both: what they are about is gone. */
export function closeFloating(): void {
  useFloating.setState({ dialog: null, menu: null });
}
