// Jobs as they stand: a list that the service's events keep up to date.

import { signal } from '@preact/signals';
import { ask, whoAmI } from './client';
import type { Job, JobPage } from './types';

export const jobs = signal<Job[] | null>(null);
/** Where the list that is loaded ends. */
export const older = signal<string | null>(null);
export const isLive = signal(false);
export const jobsProblem = signal<unknown>(null);

/** Is the list shown? */
let isWanted = false;
let events: EventSource | null = null;

// A browser keeps few connections to a host open: who is not looked at leaves them to others.
document.addEventListener('visibilitychange', () => {
  if (!isWanted) return;
  if (document.hidden) close();
  else connect();
});

const newestFirst = (a: Job, b: Job) =>
  b.created_at.localeCompare(a.created_at) || b.id.localeCompare(a.id);

function merged(news: Job[]): void {
  const byId = new Map((jobs.value ?? []).map((job) => [job.id, job]));
  for (const job of news) byId.set(job.id, job);
  jobs.value = [...byId.values()].sort(newestFirst);
}

/** Looks at the newest jobs. */
export async function look(): Promise<void> {
  try {
    const page = await ask<JobPage>('GET', '/v1/jobs?limit=200');
    if (jobs.value === null) older.value = page.next_cursor;
    jobsProblem.value = null;
    // A whole list also tells what is gone.
    if (page.next_cursor === null) jobs.value = page.jobs;
    else merged(page.jobs);
  } catch (problem) {
    jobsProblem.value = problem;
  }
}

/** Loads the jobs before those that are loaded. */
export async function lookFurther(): Promise<void> {
  if (older.value === null) return;
  const page = await ask<JobPage>('GET', `/v1/jobs?limit=200&cursor=${older.value}`);
  older.value = page.next_cursor;
  merged(page.jobs);
}

/** Follows all jobs until `unfollow`. */
export function follow(): void {
  isWanted = true;
  connect();
}

function connect(): void {
  if (events || !isWanted) return;
  events = new EventSource('/v1/jobs/events');
  events.onopen = () => {
    isLive.value = true;
    void look();
  };
  events.addEventListener('job', (event) => merged([JSON.parse(event.data) as Job]));
  events.addEventListener('missed', () => void look());
  events.onerror = () => {
    isLive.value = false;
    // The browser comes back by itself, but not after an answer that refuses.
    if (events?.readyState !== EventSource.CLOSED) return;
    events = null;
    whoAmI()
      .catch(() => undefined)
      .finally(() => setTimeout(connect, 3000));
  };
}

export function unfollow(): void {
  isWanted = false;
  close();
  jobs.value = null;
}

function close(): void {
  events?.close();
  events = null;
  isLive.value = false;
}

/** The name of a document, as far as its job is loaded. */
export function fileOf(document: string): string {
  const job = jobs.value?.find((job) => job.document_id === document);
  return job?.file ?? `document ${document.slice(0, 8)}`;
}

export const isOpen = (job: Job) => job.state === 'queued' || job.state === 'running';
export const hasResult = (job: Job) => job.state === 'succeeded' || job.state === 'needs_review';

const STAGES: [prefix: string, words: string][] = [
  ['decode', 'Opening'],
  ['prepare', 'Preparing'],
  ['detect', 'Finding lines'],
  ['recognise', 'Reading'],
  ['fuse', 'Comparing readings'],
  ['extract', 'Finding facts'],
  ['index', 'Filing'],
];

/** How far a job is: a share from 0 to 1, and words. */
export function progressOf(job: Job): { share: number; words: string } {
  const stages = Object.entries(job.progress);
  const sum = (of: 'done' | 'failed' | 'total') =>
    stages.reduce((sum, [, stage]) => sum + stage[of], 0);
  const total = sum('total');
  const share = total === 0 ? 0 : (sum('done') + sum('failed')) / total;
  if (job.state === 'queued' && share === 0) return { share, words: 'Waiting' };
  const current = STAGES.find(([prefix]) =>
    stages.some(([name, stage]) => name.startsWith(prefix) && stage.done + stage.failed < stage.total),
  );
  const pages = job.pages && job.pages > 1 ? `, ${job.pages} pages` : '';
  return { share, words: `${current?.[1] ?? 'Finishing'}${pages}` };
}
