import { useSyncExternalStore } from 'react';

/** The screens, in the order in which they are offered. */
export const screens = [
  'room',
  'channels',
  'listeners',
  'roles',
  'bans',
  'traffic',
  'stress',
  'audit',
  'settings',
] as const;
export type Screen = (typeof screens)[number];

/** The screen that an address names; anything else is the first. */
export function screenOf(hash: string): Screen {
  const name = hash.replace(/^#\/?/u, '');
  return screens.find((screen) => screen === name) ?? 'room';
}

/** The fragment that leads to a screen. */
export function hashOf(screen: Screen): string {
  return `#/${screen}`;
}

function follow(listener: () => void): () => void {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
}

/** The screen that is shown. It stands in the address: a reload, and a new login, come back to it. */
export function useScreen(): Screen {
  return useSyncExternalStore(follow, () => screenOf(window.location.hash));
}
