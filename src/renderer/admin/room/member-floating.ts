import { create } from 'zustand';

/** What is asked about a member; the token names them, who may go away meanwhile. */
export type MemberQuestion = 'move' | 'kick' | 'ban' | 'role';

interface FloatingState {
  readonly menu: {
    readonly token: number;
    readonly place: { readonly x: number; readonly y: number };
  } | null;
  readonly dialog: { readonly kind: MemberQuestion; readonly token: number } | null;
  /** What the last thing that was done to a member at once came to, shown in their row. */
  readonly problem: { readonly token: number; readonly sentence: string } | null;
  /** The one stop of the keyboard among the members; null: the first. */
  readonly stop: number | null;
  /** Whoever is moved by a dialog keeps the focus, in their new place. */
  readonly follow: { readonly token: number; readonly channel: number } | null;
}

const closed: FloatingState = { menu: null, dialog: null, problem: null, stop: null, follow: null };

/** The one menu and the one dialog about a member: rows only say which, so that hundreds of them carry none. */
export const useMemberFloating = create<FloatingState>(() => closed);

/** Back to nothing, as the screen opens. */
export function resetMemberFloating(): void {
  useMemberFloating.setState(closed);
}

export function openMemberMenu(token: number, place: { x: number; y: number }): void {
  useMemberFloating.setState({ menu: { token, place }, stop: token });
}

export function closeMemberMenu(): void {
  useMemberFloating.setState({ menu: null });
}

export function askAboutMember(kind: MemberQuestion, token: number): void {
  useMemberFloating.setState({ dialog: { kind, token }, menu: null, problem: null });
}

export function closeMemberDialog(): void {
  useMemberFloating.setState({ dialog: null });
}

export function tellMemberProblem(token: number, sentence: string): void {
  useMemberFloating.setState({ problem: sentence === '' ? null : { token, sentence } });
}

export function stopAt(token: number | null): void {
  useMemberFloating.setState({ stop: token });
}

export function followMember(follow: FloatingState['follow']): void {
  useMemberFloating.setState({ follow });
}
