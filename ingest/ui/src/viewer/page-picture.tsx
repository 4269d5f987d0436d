// A page with its words: the picture as it was read, upright, that can be zoomed and panned, and a shape
// over every word.

import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Page, Word } from '../api/types';
import { Icon } from '../parts/icon';
import { around, transform, turnedSize } from './upright';

interface Props {
  href: string;
  page: Page;
  count: number;
  onPage: (index: number) => void;
  /** Words that prove what is chosen. */
  evidence: ReadonlySet<string>;
  /** Words that some entity stands on. */
  linked: ReadonlySet<string>;
  chosen: string | null;
  onWord: (word: Word) => void;
}

const STEP = 1.25;
const LEAST = 0.1;
const MOST = 6;
/** How near one goes by itself to what proves a fact. */
const NEAR = 1;
/** A word less sure than this is marked. */
const SURE = 0.8;

export function PagePicture(props: Props) {
  const { page, evidence } = props;
  const [width, height] = turnedSize(page.width, page.height, page.orientation);
  // Pixels of the screen a pixel of the page; null to fit the width.
  const [zoom, setZoom] = useState<number | null>(null);
  const [fit, setFit] = useState(0);
  const [showsBoxes, setShowsBoxes] = useState(false);
  const [loaded, setLoaded] = useState<string | null>(null);
  const frame = useRef<HTMLDivElement>(null);
  const scale = zoom ?? fit;

  useLayoutEffect(() => {
    const box = frame.current!;
    const watch = new ResizeObserver(() => setFit((box.clientWidth - 2) / width));
    watch.observe(box);
    return () => watch.disconnect();
  }, [width]);

  // What proves the chosen fact is brought into sight.
  useLayoutEffect(() => {
    const boxes = page.lines
      .flatMap((line) => line.words)
      .filter((word) => evidence.has(word.id))
      .map((word) => word.bbox);
    const place = around(boxes, page);
    if (!place || fit === 0) return;
    const box = frame.current!;
    const wide = box.clientWidth / (place[2] - place[0]);
    const high = box.clientHeight / (place[3] - place[1]);
    const to = Math.max(fit, Math.min(NEAR, 0.85 * wide, 0.6 * high));
    const [x, y] = [(place[0] + place[2]) / 2, (place[1] + place[3]) / 2];
    setZoom(to);
    requestAnimationFrame(() =>
      box.scrollTo({
        left: x * to - box.clientWidth / 2,
        top: y * to - box.clientHeight / 2,
        behavior: isStill() ? 'auto' : 'smooth',
      }),
    );
  }, [evidence, page, fit > 0]);

  /** Zooms about a point of the frame. */
  function zoomTo(next: number, x?: number, y?: number) {
    const box = frame.current!;
    const to = Math.min(MOST, Math.max(LEAST, next));
    const [atX, atY] = [x ?? box.clientWidth / 2, y ?? box.clientHeight / 2];
    const [pageX, pageY] = [(box.scrollLeft + atX) / scale, (box.scrollTop + atY) / scale];
    setZoom(to);
    requestAnimationFrame(() => box.scrollTo(pageX * to - atX, pageY * to - atY));
  }

  const gestures = useGestures(frame, () => scale, zoomTo);

  function onKeyDown(event: KeyboardEvent) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const actions: Record<string, () => void> = {
      '+': () => zoomTo(scale * STEP),
      '=': () => zoomTo(scale * STEP),
      '-': () => zoomTo(scale / STEP),
      '0': () => setZoom(null),
      PageDown: () => props.onPage(Math.min(props.count - 1, page.index + 1)),
      PageUp: () => props.onPage(Math.max(0, page.index - 1)),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  return (
    <div class="picture">
      <div class="toolbar" role="toolbar" aria-label="Page">
        <Tool
          label="Previous page"
          icon="left"
          off={page.index === 0}
          run={() => props.onPage(page.index - 1)}
        />
        <span class="number" aria-live="polite">
          Page {page.index + 1} of {props.count}
        </span>
        <Tool
          label="Next page"
          icon="right"
          off={page.index === props.count - 1}
          run={() => props.onPage(page.index + 1)}
        />
        <span class="toolbar-gap" />
        <Tool label="Smaller" icon="minus" run={() => zoomTo(scale / STEP)} />
        <span class="number zoom">{Math.round(scale * 100)} %</span>
        <Tool label="Larger" icon="plus" run={() => zoomTo(scale * STEP)} />
        <Tool label="Fit the width" icon="fit" run={() => setZoom(null)} />
        <button
          type="button"
          class="button is-tool"
          aria-pressed={showsBoxes}
          aria-label="All word boxes"
          title="All word boxes"
          onClick={() => setShowsBoxes(!showsBoxes)}
        >
          <Icon name="boxes" />
        </button>
      </div>
      <div
        class="frame"
        ref={frame}
        tabIndex={0}
        role="region"
        aria-label={`Picture of page ${page.index + 1}. Plus and minus zoom, arrows move, 0 fits the width.`}
        onKeyDown={onKeyDown}
        {...gestures}
      >
        {loaded !== props.href && (
          <div class="frame-wait">
            <span class="spinner" aria-hidden="true" />
          </div>
        )}
        {/* What the shapes do, the list of words beside them does for who cannot point. */}
        <svg
          class={`page ${showsBoxes ? 'shows-boxes' : ''}`}
          viewBox={`0 0 ${width} ${height}`}
          width={width * scale}
          height={height * scale}
          aria-hidden="true"
        >
          <g transform={transform(page.width, page.height, page.orientation)}>
            <image
              href={props.href}
              width={page.width}
              height={page.height}
              onLoad={() => setLoaded(props.href)}
            />
            {page.lines.flatMap((line) =>
              line.words.map((word) => (
                <polygon
                  key={word.id}
                  data-word={word.id}
                  points={word.quad.map((point) => point.join()).join(' ')}
                  class={look(word, props)}
                  onClick={() => props.onWord(word)}
                />
              )),
            )}
          </g>
        </svg>
      </div>
    </div>
  );
}

function look(word: Word, { evidence, linked, chosen }: Props): string {
  const looks = ['word'];
  if (word.confidence < SURE) looks.push('is-doubtful');
  if (linked.has(word.id)) looks.push('is-linked');
  if (evidence.has(word.id)) looks.push('is-evidence');
  if (word.id === chosen) looks.push('is-chosen');
  return looks.join(' ');
}

const isStill = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

function Tool(props: {
  label: string;
  icon: Parameters<typeof Icon>[0]['name'];
  off?: boolean;
  run: () => void;
}) {
  return (
    <button
      type="button"
      class="button is-tool"
      aria-label={props.label}
      title={props.label}
      disabled={props.off ?? false}
      onClick={props.run}
    >
      <Icon name={props.icon} />
    </button>
  );
}

/** Dragging with a mouse, zooming with the wheel and two fingers. One finger scrolls by itself. */
function useGestures(
  frame: { current: HTMLDivElement | null },
  scale: () => number,
  zoomTo: (zoom: number, x: number, y: number) => void,
) {
  const fingers = useRef(new Map<number, [number, number]>());
  const last = useRef(0);
  const drag = useRef<[number, number] | null>(null);
  const latest = useRef({ scale, zoomTo });
  latest.current = { scale, zoomTo };

  useEffect(() => {
    const box = frame.current!;
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      const { left, top } = box.getBoundingClientRect();
      const { scale, zoomTo } = latest.current;
      zoomTo(scale() * Math.exp(-event.deltaY / 300), event.clientX - left, event.clientY - top);
    };
    // A passive listener could not keep the browser from zooming the whole page.
    box.addEventListener('wheel', onWheel, { passive: false });
    return () => box.removeEventListener('wheel', onWheel);
  }, []);

  const apart = () => {
    const [a, b] = [...fingers.current.values()];
    return a && b ? Math.hypot(a[0] - b[0], a[1] - b[1]) : 0;
  };
  const end = (event: PointerEvent) => {
    fingers.current.delete(event.pointerId);
    last.current = 0;
    drag.current = null;
  };
  return {
    onPointerDown(event: PointerEvent) {
      if (event.pointerType === 'mouse') {
        if (event.button === 0) drag.current = [event.clientX, event.clientY];
        return;
      }
      fingers.current.set(event.pointerId, [event.clientX, event.clientY]);
      last.current = apart();
    },
    onPointerMove(event: PointerEvent) {
      const box = frame.current!;
      if (drag.current) {
        box.scrollBy(drag.current[0] - event.clientX, drag.current[1] - event.clientY);
        drag.current = [event.clientX, event.clientY];
        return;
      }
      if (!fingers.current.has(event.pointerId)) return;
      fingers.current.set(event.pointerId, [event.clientX, event.clientY]);
      const now = apart();
      if (now > 0 && last.current > 0) {
        const { left, top } = box.getBoundingClientRect();
        const points = [...fingers.current.values()];
        const x = points.reduce((sum, [x]) => sum + x, 0) / points.length - left;
        const y = points.reduce((sum, [, y]) => sum + y, 0) / points.length - top;
        zoomTo((scale() * now) / last.current, x, y);
      }
      last.current = now;
    },
    onPointerUp: end,
    onPointerCancel: end,
    onPointerLeave: end,
  };
}
