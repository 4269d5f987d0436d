// From the page as it was scanned to the page as it is read: quarter turns, clockwise.

import type { Box, Page, Point } from '../api/types';

export type Turn = 0 | 90 | 180 | 270;

/** Width and height after the turn. */
export function turnedSize(width: number, height: number, turn: Turn): [number, number] {
  return turn === 90 || turn === 270 ? [height, width] : [width, height];
}

/** The turn as an SVG transform of the picture. */
export function transform(width: number, height: number, turn: Turn): string | undefined {
  switch (turn) {
    case 90:
      return `translate(${height} 0) rotate(90)`;
    case 180:
      return `translate(${width} ${height}) rotate(180)`;
    case 270:
      return `translate(0 ${width}) rotate(270)`;
    case 0:
      return undefined;
  }
}

function turned([x, y]: Point, page: Page): Point {
  switch (page.orientation) {
    case 90:
      return [page.height - y, x];
    case 180:
      return [page.width - x, page.height - y];
    case 270:
      return [y, page.width - x];
    case 0:
      return [x, y];
  }
}

/** The box around boxes of a page, upright. */
export function around(boxes: Box[], page: Page): Box | null {
  const points = boxes.flatMap(([x0, y0, x1, y1]): Point[] => [
    turned([x0, y0], page),
    turned([x1, y1], page),
  ]);
  if (points.length === 0) return null;
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}
