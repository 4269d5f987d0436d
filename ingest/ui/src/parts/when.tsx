// Moments, in the reader's own way of writing them.

const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const UNITS: [unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

export function ago(moment: string, now = Date.now()): string {
  const seconds = (Date.parse(moment) - now) / 1000;
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return RELATIVE.format(Math.round(seconds / size), unit);
  }
  return 'just now';
}

export function Ago({ moment }: { moment: string }) {
  return (
    <time dateTime={moment} title={new Date(moment).toLocaleString()}>
      {ago(moment)}
    </time>
  );
}

/** The day. */
export function Day({ moment }: { moment: string }) {
  const at = new Date(moment);
  return (
    <time dateTime={moment} title={at.toLocaleString()}>
      {at.toLocaleDateString()}
    </time>
  );
}

/** Day and time to the second, as a log needs it. */
export function Moment({ moment }: { moment: string }) {
  return <time dateTime={moment}>{new Date(moment).toLocaleString()}</time>;
}

export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const kilobytes = bytes / 1024;
  return kilobytes < 1024 ? `${Math.round(kilobytes)} kB` : `${(kilobytes / 1024).toFixed(1)} MB`;
}
