import type { ReactElement } from 'react';

/** Stroke paths on a 20 by 20 field. */
const paths = {
  microphone: ['M7.5 5a2.5 2.5 0 0 1 5 0v5a2.5 2.5 0 0 1-5 0z', 'M4.5 9.5a5.5 5.5 0 0 0 11 0', 'M10 15v3'],
  microphoneOff: [
    'M12.5 9.5V5a2.5 2.5 0 0 0-4.9-.7',
    'M7.5 8v2a2.5 2.5 0 0 0 4 2',
    'M4.5 9.5a5.5 5.5 0 0 0 8.6 4.5',
    'M15.5 9.5c0 .8-.2 1.5-.5 2.2',
    'M10 15v3',
    'M3 3l14 14',
  ],
  headphones: [
    'M3.5 12.500V10a6.5 6.5 0 0 1 13 0v2.5',
    'M3.5 12h2.500v5H5a1.5 1.5 0 0 1-1.5-1.500z',
    'M16.5 12H14v5h1a1.5 1.5 0 0 0 1.5-1.500z',
  ],
  headphonesOff: [
    'M3.5 12.500V10a6.5 6.5 0 0 1 1.6-4.3',
    'M7.5 4a6.5 6.5 0 0 1 9 6v4',
    'M3.5 12h2.500v5H5a1.5 1.5 0 0 1-1.5-1.500z',
    'M14 14v3h1',
    'M3 3l14 14',
  ],
  sliders: ['M3 6h6', 'M13 6h4', 'M11 4v4', 'M3 14h3', 'M10 14h7', 'M8 12v4'],
  sun: [
    'M10 6.500a3.5 3.5 0 1 0 0 7a3.5 3.5 0 0 0 0-7z',
    'M10 2v1.500M10 16.500V18M2 10h1.500M16.5 10H18M4.3 4.300l1.1 1.100M14.6 14.600l1.1 1.100M4.3 15.700l1.1-1.100M14.6 5.400l1.1-1.1',
  ],
  moon: ['M16.5 12A7 7 0 0 1 8 3.500a7 7 0 1 0 8.5 8.500z'],
  halfMoon: ['M10 3a7 7 0 1 0 0 14a7 7 0 0 0 0-14z', 'M10 3v14', 'M10 6.500h5.500M10 10h7M10 13.500h5.5'],
  copy: ['M7 7h9v10H7z', 'M13 7V3H4v10h3'],
  check: ['M4 10.500l4 4 8-9'],
  close: ['M5 5l10 10M15 5L5 15'],
  chevron: ['M5.5 8l4.5 4.500L14.5 8'],
  refresh: ['M16 10a6 6 0 1 1-1.8-4.3', 'M16.5 2.500v4h-4'],
  warning: ['M10 3L2.5 16.500h15z', 'M10 8v4', 'M10 14.300v.2'],
  info: ['M10 2.500a7.5 7.5 0 1 0 0 15a7.5 7.5 0 0 0 0-15z', 'M10 9v5', 'M10 6.300v.2'],
  lock: ['M5 9h10v8H5z', 'M7 9V6.500a3 3 0 0 1 6 0V9'],
  lockOpen: ['M5 9h10v8H5z', 'M7 9V6.500a3 3 0 0 1 5.8-1'],
  channel: ['M4 8h3l4-3.500v11L7 12H4z', 'M14 7.500a4 4 0 0 1 0 5'],
  more: ['M4.500 10h.1M10 10h.1M15.500 10h.1'],
  plus: ['M10 4v12M4 10h12'],
  edit: ['M4 16l.7-3.500L13.5 3.700l2.8 2.800L7.500 15.300z', 'M11.800 5.400l2.800 2.8'],
  trash: ['M4 6h12', 'M8 6V4h4v2', 'M5.500 6l.8 11h7.400l.8-11'],
  key: ['M7 10a3.500 3.500 0 1 0 0 7a3.500 3.500 0 0 0 0-7z', 'M9.500 11l6-6M13 7.500l2.500 2.5'],
  keyOff: ['M7 10a3.500 3.500 0 1 0 0 7a3.500 3.500 0 0 0 0-7z', 'M9.500 11l2-2M13.500 7l2-2', 'M3 3l14 14'],
  shield: [
    'M10 2.500l6 2.200v4.600c0 4-2.500 6.700-6 8.200c-3.500-1.500-6-4.200-6-8.200V4.700z',
    'M7.200 10l2 2 3.600-4',
  ],
  chat: ['M3 4h14v9.500H9L5.500 17v-3.500H3z'],
  whisper: ['M3.500 8.500h3l3-3v9l-3-3h-3z', 'M13 9.200v1.600M16 7.500v5'],
  ear: [
    'M6 8a4 4 0 1 1 7.500 2c-.8 1.400-2 1.800-2 3.500a2.500 2.500 0 0 1-4.500 1.5',
    'M8.500 8.500a1.700 1.700 0 1 1 2.700 1.4',
  ],
  people: [
    'M7.500 9.500a2.800 2.800 0 1 0 0-5.600a2.800 2.800 0 0 0 0 5.600z',
    'M2.500 16.500c.3-3 2.300-4.700 5-4.700s4.700 1.700 5 4.700',
    'M12.500 4.200a2.800 2.800 0 0 1 0 5.100M14.500 12.300c1.800.6 2.800 2.100 3 4.2',
  ],
  move: ['M3 10h13M12 6l4 4-4 4'],
  ban: ['M10 2.500a7.500 7.500 0 1 0 0 15a7.500 7.500 0 0 0 0-15z', 'M4.800 4.800l10.4 10.4'],
  badge: ['M10 3l2 4.300 4.700.5-3.500 3.200 1 4.700-4.200-2.400-4.200 2.400 1-4.700L3.300 7.800 8 7.300z'],
  bookmark: ['M5.500 3h9v14L10 13.500 5.500 17z'],
  send: ['M3 4l14 6-14 6 2-6z', 'M5 10h6'],
  reply: ['M8 5L3.500 9.500 8 14', 'M3.500 9.500H12a4.500 4.500 0 0 1 4.500 4.500v2'],
  link: [
    'M8.500 11.500a3 3 0 0 0 4.300 0l3-3a3 3 0 0 0-4.300-4.300l-1 1',
    'M11.500 8.500a3 3 0 0 0-4.300 0l-3 3a3 3 0 0 0 4.300 4.300l1-1',
  ],
  clock: ['M10 2.500a7.500 7.500 0 1 0 0 15a7.500 7.500 0 0 0 0-15z', 'M10 5.500V10l3 2'],
  grip: ['M7.500 5h.1M12.500 5h.1M7.500 10h.1M12.500 10h.1M7.500 15h.1M12.500 15h.1'],
  gauge: ['M3.500 14.500a7 7 0 1 1 13 0', 'M10 12l3-4.500'],
  pulse: ['M2.500 10h3.500l2-5.500 4 11 2-5.500h3.500'],
  list: ['M7 5.500h10M7 10h10M7 14.500h10', 'M3.500 5.500h.1M3.500 10h.1M3.500 14.500h.1'],
  search: ['M9 3.500a5.500 5.500 0 1 0 0 11a5.500 5.500 0 0 0 0-11z', 'M13 13l4 4'],
  bot: ['M4.500 8h11v8h-11z', 'M10 8V4.500M8 4h4', 'M8 11.500v1M12 11.500v1'],
  leave: ['M8 3H4v14h4', 'M8 10h9', 'M13.5 6.500L17 10l-3.5 3.5'],
} as const;

/** Names of the drawn icons. */
export type IconName = keyof typeof paths;

/** A line icon in the colour of the text; its meaning is always given in words beside it. */
export function Icon({ name, size = 18 }: { name: IconName; size?: number }): ReactElement {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {paths[name].map((path) => (
        <path key={path} d={path} />
      ))}
    </svg>
  );
}

/** The mark of Sidetone: a voice at the centre that comes back to its own ear, one ring out, one ring in. */
export function Logo({ size = 28 }: { size?: number }): ReactElement {
  return (
    <svg
      className="logo icon"
      width={size}
      height={size}
      viewBox="0 0 32 32"
      fill="none"
      strokeWidth="3"
      strokeLinecap="round"
      aria-hidden="true"
    >
      <path className="logo-ring" d="M26.6 22.200A12.3 12.3 0 1 1 27.7 12.1" />
      <path className="logo-ring" d="M10.6 11.700A7 7 0 1 1 9.7 19" />
      <circle className="logo-lamp" cx="16" cy="16" r="2.8" />
    </svg>
  );
}
