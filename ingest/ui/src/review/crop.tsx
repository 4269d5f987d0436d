// The part of the page that proves a fact, upright, with its words marked; the disputed ones stand out.

import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Page, Word } from '../api/types';
import { around, transform } from '../viewer/upright';

interface Props {
  href: string;
  page: Page;
  words: Word[];
  /** Those on which the engines differ, the one that matters most first. */
  disputed: Word[];
}

/** Paper around the words, in heights of a line of theirs. */
const MARGIN = 1;
/** The least width of what is shown, in pixels of the page: a single word is not blown up. */
const LEAST = 420;
/** Between what is disputed and the edge, in pixels of the screen. */
const BESIDE = 16;

export function Crop({ href, page, words, disputed }: Props) {
  // What is known of which picture; of another nothing is known yet.
  const [known, setKnown] = useState<{ href: string; isThere: boolean } | null>(null);
  const frame = useRef<HTMLDivElement>(null);
  // Where there is no room for a whole row, what is disputed is in sight, with as much as can be of what stands before
  // it: the name of the row.
  useLayoutEffect(() => {
    const box = frame.current;
    const mark = box?.querySelector('.is-first');
    if (!box || !mark) return;
    box.scrollLeft = 0;
    const beyond = mark.getBoundingClientRect().right + BESIDE - box.getBoundingClientRect().right;
    box.scrollLeft = Math.max(0, beyond);
  }, [words.map((word) => word.id).join(), disputed[0]?.id, href]);
  const place = around(
    words.map((word) => word.bbox),
    page,
  );
  if (!place) return <p class="crop muted">No word on the page stands for this.</p>;
  if (known?.href === href && !known.isThere) {
    return <p class="crop muted">The picture of the page could not be loaded.</p>;
  }
  const heights = words.map(({ bbox }) => Math.min(bbox[3] - bbox[1], bbox[2] - bbox[0]));
  const margin = MARGIN * Math.max(...heights, 16);
  const x = place[0] - margin;
  const y = place[1] - margin;
  const width = Math.max(LEAST, place[2] - place[0] + 2 * margin);
  const height = place[3] - place[1] + 2 * margin;
  return (
    <div
      class={`crop ${known?.href === href ? '' : 'is-waiting'}`}
      ref={frame}
      tabIndex={0}
      role="group"
      aria-label="The scan"
    >
      <svg
        viewBox={`${x} ${y} ${width} ${height}`}
        width={1.4 * width}
        height={1.4 * height}
        style={{ '--page-wide': `${width}px` }}
        role="img"
        aria-label={`The scan, read as: ${words.map((word) => word.text).join(' ')}`}
      >
        <g transform={transform(page.width, page.height, page.orientation)}>
          <image
            href={href}
            width={page.width}
            height={page.height}
            onLoad={() => setKnown({ href, isThere: true })}
            onError={() => setKnown({ href, isThere: false })}
          />
          {words.map((word) => (
            <polygon
              key={word.id}
              class={`word ${disputed.includes(word) ? 'is-doubtful' : 'is-evidence'} ${word === disputed[0] ? 'is-first' : ''}`}
              points={word.quad.map((point) => point.join()).join(' ')}
            />
          ))}
        </g>
      </svg>
    </div>
  );
}
