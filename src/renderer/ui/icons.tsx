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
