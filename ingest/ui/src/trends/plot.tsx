// A series over time: the range as a band, values inside it as dots and outside as diamonds, so that the
// shape says it and not the colour alone. The table below it says the same in words.

import { go } from '../router';
import type { Series } from './series';

const DOT = 'M-4.500 0a4.500 4.500 0 109 0a4.500 4.500 0 10-9 0';
const DIAMOND = 'M0-6L6 0L0 6L-6 0Z';
const WIDTH = 360;
const HEIGHT = 150;
const LEFT = 38;
const RIGHT = 14;
const TOP = 12;
const BOTTOM = 24;

export const day = (at: number) =>
  new Date(at).toLocaleDateString(undefined, {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    timeZone: 'UTC',
  });

export function Plot({ series }: { series: Series }) {
  const { points, low, high } = series;
  const [first, last] = [points[0]!, points.at(-1)!];
  const ends = [...points.map(({ value }) => value), low, high].filter((end) => end !== null);
  const [least, most] = padded(Math.min(...ends), Math.max(...ends));
  const span = last.at - first.at;
  const x = (at: number) =>
    span === 0 ? (LEFT + WIDTH - RIGHT) / 2 : LEFT + ((at - first.at) / span) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) =>
    HEIGHT - BOTTOM - ((value - least) / (most - least)) * (HEIGHT - TOP - BOTTOM);
  const marks = [high, low].filter((end) => end !== null);
  // Two ends that lie closer than a line of print are named once.
  const named = marks.filter((mark, index) => index === 0 || y(mark) - y(marks[0]!) > 12);
  const top = high === null ? TOP : y(high);
  const bottom = low === null ? HEIGHT - BOTTOM : y(low);
  const said = points
    .map(({ value, at, isOutside }) => `${value} on ${day(at)}${isOutside ? ', outside' : ''}`)
    .join('; ');
  return (
    <svg
      class="plot"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={`${series.name} in ${series.unit || 'no unit'}: ${said}`}
    >
      {marks.length > 0 && (
        <rect class="band" x={LEFT} width={WIDTH - LEFT - RIGHT} y={top} height={bottom - top} />
      )}
      <path class="axis" d={`M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}`} />
      {marks.map((mark) => (
        <path key={mark} class="limit" d={`M${LEFT} ${y(mark)}H${WIDTH - RIGHT}`} />
      ))}
      {(marks.length > 0 ? named : [least, most]).map((mark) => (
        <text key={mark} x={LEFT - 6} y={y(mark) + 4} text-anchor="end">
          {short(mark)}
        </text>
      ))}
      <text x={x(first.at)} y={HEIGHT - 7} text-anchor={span === 0 ? 'middle' : 'start'}>
        {day(first.at)}
      </text>
      {span > 0 && (
        <text x={x(last.at)} y={HEIGHT - 7} text-anchor="end">
          {day(last.at)}
        </text>
      )}
      <polyline class="line" points={points.map(({ at, value }) => `${x(at)},${y(value)}`).join(' ')} />
      {points.map(({ at, value, entity, isOutside }) => (
        <path
          key={entity.entity_id}
          class={`point ${isOutside ? 'is-outside' : ''} ${entity.needs_review ? 'is-open' : ''}`}
          d={isOutside ? DIAMOND : DOT}
          transform={`translate(${x(at)} ${y(value)})`}
          onClick={() => go('documents', entity.document_id, entity.id)}
        />
      ))}
    </svg>
  );
}

/** What the marks mean. */
export function Legend() {
  const mark = (look: string, path: string) => (
    <svg class="plot" viewBox="-8 -8 16 16" aria-hidden="true">
      <path class={`point ${look}`} d={path} />
    </svg>
  );
  return (
    <ul class="legend muted">
      <li>{mark('', DOT)} inside the range</li>
      <li>{mark('is-outside', DIAMOND)} outside the range</li>
      <li>
        {mark('is-open', DOT)}
        {mark('is-open is-outside', DIAMOND)} still to review
      </li>
    </ul>
  );
}

function padded(least: number, most: number): [number, number] {
  const room = (most - least) * 0.12 || Math.abs(most) * 0.1 || 1;
  return [least - room, most + room];
}

const short = (value: number) => String(Number(value.toPrecision(3)));
