// Icons, drawn on a grid of 24. They stand beside words or in a control that has a name, so they say
// nothing themselves.

const PATHS = {
  documents: 'M7 3h7l5 5v13H7zM14 3v5h5M10 13h6M10 17h6',
  review: 'M4 6h10M4 12h7M4 18h7M14 16l3 3 5-6',
  findings: 'M4 5h16v14H4zM4 10h16M10 10v9',
  trends: 'M4 19V5M4 19h16M7 14l4-4 3 3 6-6',
  chat: 'M4 5h16v11H10l-4 4v-4H4zM8 9h8M8 12h5',
  admin: 'M5 6h14M5 12h14M5 18h14M9 4v4M15 10v4M8 16v4',
  upload: 'M12 16V5M7 10l5-5 5 5M5 19h14',
  folder: 'M3 6h6l2 2h10v11H3z',
  check: 'M5 12.5l4.500 4.500L19 7',
  cross: 'M6 6l12 12M18 6L6 18',
  warning: 'M12 4l9 16H3zM12 10v4M12 17.200v.1',
  left: 'M15 5l-7 7 7 7',
  right: 'M9 5l7 7-7 7',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  fit: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  download: 'M12 5v11M7 11l5 5 5-5M5 20h14',
  sun: 'M12 8a4 4 0 100 8 4 4 0 000-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.400 1.400M17.600 17.600L19 19M5 19l1.400-1.400M17.600 6.400L19 5',
  moon: 'M20 14A8 8 0 0110 4a8 8 0 1010 10z',
  auto: 'M12 3a9 9 0 100 18 9 9 0 000-18zM12 3v18',
  exit: 'M14 5h5v14h-5M4 12h11M11 8l4 4-4 4',
  undo: 'M8 5L4 9l4 4M4 9h10a5 5 0 010 10h-3',
  replay: 'M20 11a8 8 0 10-2 6M20 5v6h-6',
  boxes: 'M4 6h7v5H4zM13 6h7v5h-7zM4 14h11v5H4z',
};

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
