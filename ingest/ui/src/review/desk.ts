// The desk's row of doubtful facts, and decisions on their way. Each waits a little before it is told to the
// service, so that it can be taken back; the last one first.

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

/** How long a decision can be taken back. */
const TAKE_BACK_MS = 20_000;

interface Waiting {
  decision: Decision;
  /** Where in the row the fact stood. */
  index: number;
  timer: number;
}

/** Decisions that were not told yet, the last one at the end. */
const waiting: Waiting[] = [];

/** Loads the row: all that is doubtful, the riskiest first; of one document if it is named. */
export async function load(document: string | undefined): Promise<void> {
  // What was decided here is doubtful no longer.
  await tellNow();
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
  const index = at.value;
  remove(entity);
  decided.value += 1;
  const made: Waiting = { decision: { entity, attributes }, index, timer: 0 };
  made.timer = window.setTimeout(() => void tell(made), TAKE_BACK_MS);
  waiting.push(made);
  sayLast(attributes ? 'Corrected' : 'Accepted', entity);
}

/** Takes the last decision back that was not told yet. */
export function takeBack(): void {
  const last = waiting.pop();
  if (!last) return;
  clearTimeout(last.timer);
  decided.value -= 1;
  insert(last.decision.entity, last.index);
  sayLast('Taken back', last.decision.entity);
}

/** Tells the service all that waits. */
export async function tellNow(leaving = false): Promise<void> {
  await Promise.all([...waiting].map((made) => tell(made, leaving)));
}

async function tell(made: Waiting, leaving = false): Promise<void> {
  const place = waiting.indexOf(made);
  if (place < 0) return;
  waiting.splice(place, 1);
  clearTimeout(made.timer);
  if (waiting.length === 0) hush();
  try {
    await decide(made.decision, leaving);
  } catch (problem: unknown) {
    decided.value -= 1;
    const isOld = problem instanceof ApiProblem && problem.status === 409;
    if (!isOld) insert(made.decision.entity, made.index);
    say(`${title(made.decision.entity)} was not saved. ${told(problem).detail}`);
  }
}

/** What just happened, with the way back as long as there is one. */
function sayLast(what: string, entity: Found): void {
  const words = `${what}: ${title(entity)}`;
  if (waiting.length === 0) say(words);
  else say(words, { label: 'Undo (U)', run: takeBack });
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
