// A series over time: the range as a band, values inside it as dots and outside as diamonds, so that the
// shape says it and not the colour alone. The table below it says the same in words.

import { go } from '../router';
import type { Series } from './series';

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
  const marks = [low, high].filter((end) => end !== null);
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
      {(marks.length > 0 ? marks : [least, most]).map((mark) => (
        <g key={mark}>
          {marks.length > 0 && (
            <path class="limit" d={`M${LEFT} ${y(mark)}H${WIDTH - RIGHT}`} />
          )}
          <text x={LEFT - 6} y={y(mark) + 4} text-anchor="end">
            {short(mark)}
          </text>
        </g>
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
          d={isOutside ? 'M0-6L6 0L0 6L-6 0Z' : 'M-4.500 0a4.500 4.500 0 109 0a4.500 4.500 0 10-9 0'}
          transform={`translate(${x(at)} ${y(value)})`}
          onClick={() => go('documents', entity.document_id, entity.id)}
        />
      ))}
    </svg>
  );
}

function padded(least: number, most: number): [number, number] {
  const room = (most - least) * 0.12 || Math.abs(most) * 0.1 || 1;
  return [least - room, most + room];
}

const short = (value: number) => String(Number(value.toPrecision(3)));
