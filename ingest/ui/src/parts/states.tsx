// What stands where there is nothing to show yet, nothing at all, or something went wrong.

import type { ComponentChildren } from 'preact';
import { ApiProblem } from '../api/client';
import { Icon, type IconName } from './icon';

export function Loading({ what }: { what: string }) {
  return (
    <div class="state" role="status">
      <span class="spinner" aria-hidden="true" />
      <p>Loading {what} …</p>
    </div>
  );
}

export function Empty(props: { icon: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="state">
      <span class="state-icon">
        <Icon name={props.icon} />
      </span>
      <h2>{props.title}</h2>
      {props.children && <div class="muted">{props.children}</div>}
    </div>
  );
}

export function Failure({ problem, retry }: { problem: unknown; retry?: () => void }) {
  const { title, detail } = told(problem);
  return (
    <div class="notice is-bad" role="alert">
      <Icon name="warning" />
      <div>
        <strong>{title}</strong>
        <p>{detail}</p>
        {retry && (
          <button type="button" class="button is-small" onClick={retry}>
            Try again
          </button>
        )}
      </div>
    </div>
  );
}

/** A problem in words. */
export function told(problem: unknown): { title: string; detail: string } {
  if (problem instanceof ApiProblem) return problem.problem;
  return { title: 'Something went wrong in this page', detail: String(problem) };
}
