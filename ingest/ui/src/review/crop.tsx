// The pixels that prove a fact, upright.

import { useEffect, useState } from 'preact/hooks';
import { transform, turnedSize, type Turn } from '../viewer/upright';

export function Crop({ href, turn, words }: { href: string; turn: Turn; words: string }) {
  const [size, setSize] = useState<[number, number] | null>(null);
  const [isMissing, setMissing] = useState(false);
  useEffect(() => {
    setSize(null);
    setMissing(false);
    const image = new Image();
    let isOld = false;
    image.onload = () => !isOld && setSize([image.naturalWidth, image.naturalHeight]);
    image.onerror = () => !isOld && setMissing(true);
    image.src = href;
    return () => {
      isOld = true;
    };
  }, [href]);
  if (isMissing) return <p class="crop muted">The picture of these words could not be loaded.</p>;
  if (!size) return <div class="crop is-waiting" aria-hidden="true" />;
  const [width, height] = turnedSize(...size, turn);
  return (
    <div class="crop">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        width={width}
        height={height}
        role="img"
        aria-label={`The scan, read as: ${words}`}
      >
        <image href={href} width={size[0]} height={size[1]} transform={transform(...size, turn)} />
      </svg>
    </div>
  );
}
