// The desk's row of doubtful facts, and decisions on their way. The last decision waits a little before it
// is told to the service, so that it can be taken back.

import { signal } from '@preact/signals';
import { decide, doubtful, type Decision } from '../api/entities';
import { ApiProblem } from '../api/client';
import type { Found } from '../api/types';
import { risk, title } from '../facts';
import { told } from '../parts/states';
import { hush, say } from '../parts/toast';

export const row = signal<Found[] | null>(null);
/** Which of the row is looked at. */
export const at = signal(0);
export const decided = signal(0);

/** How long a decision can be taken back, unless the next one comes before. */
const TAKE_BACK_MS = 10_000;

let waiting: { decision: Decision; index: number; timer: number } | null = null;

/** Loads the row: all that is doubtful, the riskiest first; of one document if it is named. */
export async function load(document: string | undefined): Promise<void> {
  const found = await doubtful();
  const wanted = document ? found.filter((entity) => entity.document_id === document) : found;
  row.value = wanted.sort((a, b) => risk(b) - risk(a));
  at.value = 0;
  decided.value = 0;
}

export function skip(step: 1 | -1): void {
  const length = row.value?.length ?? 0;
  if (length > 0) at.value = (at.value + step + length) % length;
}

/** Takes a decision on what is looked at, and goes on. */
export function settle(attributes: Decision['attributes']): void {
  const entity = row.value?.[at.value];
  if (!entity) return;
  tellNow();
  const decision = { entity, attributes };
  const index = at.value;
  remove(entity);
  decided.value += 1;
  waiting = { decision, index, timer: window.setTimeout(tellNow, TAKE_BACK_MS) };
  const what = attributes ? 'Corrected' : 'Accepted';
  say(`${what}: ${title(entity)}`, { label: 'Undo (U)', run: takeBack });
}

/** Takes the last decision back, if it was not told yet. */
export function takeBack(): void {
  if (!waiting) return;
  const { decision, index, timer } = waiting;
  clearTimeout(timer);
  waiting = null;
  decided.value -= 1;
  insert(decision.entity, index);
  say(`Taken back: ${title(decision.entity)}`);
}

/** Tells the service the decision that waits. */
export function tellNow(leaving = false): void {
  if (!waiting) return;
  const { decision, index, timer } = waiting;
  clearTimeout(timer);
  waiting = null;
  hush();
  decide(decision, leaving === true).catch((problem: unknown) => {
    decided.value -= 1;
    const isOld = problem instanceof ApiProblem && problem.status === 409;
    if (!isOld) insert(decision.entity, index);
    say(`${title(decision.entity)} was not saved. ${told(problem).detail}`);
  });
}

function remove(entity: Found): void {
  const left = (row.value ?? []).filter((other) => other !== entity);
  row.value = left;
  at.value = Math.min(at.value, Math.max(0, left.length - 1));
}

function insert(entity: Found, index: number): void {
  const left = [...(row.value ?? [])];
  left.splice(index, 0, entity);
  row.value = left;
  at.value = Math.min(index, left.length - 1);
}
