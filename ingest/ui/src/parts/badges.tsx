// Small marks: states of jobs, confidences, doubts.

import type { Entity, JobState } from '../api/types';
import { percent, words } from '../facts';
import { Icon } from './icon';

const STATES: Record<JobState, [words: string, look: string]> = {
  queued: ['Waiting', 'is-quiet'],
  running: ['Reading', 'is-busy'],
  succeeded: ['Done', 'is-good'],
  needs_review: ['To review', 'is-warn'],
  failed: ['Failed', 'is-bad'],
  cancelled: ['Cancelled', 'is-quiet'],
};

export function StateBadge({ state }: { state: JobState }) {
  const [words, look] = STATES[state];
  return <span class={`badge ${look}`}>{words}</span>;
}

/** A probability as a number and a bar. */
export function Confidence({ value }: { value: number }) {
  const look = value >= 0.9 ? 'is-good' : value >= 0.7 ? 'is-warn' : 'is-bad';
  return (
    <span class={`confidence ${look}`} title="how likely it is to be right">
      <svg viewBox="0 0 40 4" aria-hidden="true" preserveAspectRatio="none">
        <rect class="track" width="40" height="4" rx="2" />
        <rect class="bar" width={40 * value} height="4" rx="2" />
      </svg>
      <span class="number">{percent(value)}</span>
    </span>
  );
}

export function Doubt({ entity }: { entity: Entity }) {
  return entity.needs_review ? (
    <span class="badge is-warn" title={entity.reasons.join('; ')}>
      <Icon name="warning" /> To review
    </span>
  ) : null;
}

/** Said of a fact that is not simply so. */
export function AssertionBadge({ entity }: { entity: Entity }) {
  return entity.assertion === 'present' ? null : (
    <span class="badge is-quiet">{words(entity.assertion)}</span>
  );
}
