// Requests to the service. What goes wrong is always an ApiProblem, with words that can be shown.

import { signal } from '@preact/signals';
import type { Problem, Session, Version } from './types';

/** Who is signed in; undefined until that is known, null for nobody. */
export const session = signal<Session | null | undefined>(undefined);

export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem,
  ) {
    super(problem.title);
  }
}

/** The fields that say that a request comes from this page. */
export function proof(): Record<string, string> {
  const token = session.value?.csrf_token;
  return token ? { 'X-CSRF-Token': token } : {};
}

/** The problem that an answer tells, or what can be said without one. */
export function problemOf(status: number, text: string): ApiProblem {
  try {
    const problem = JSON.parse(text) as Problem;
    if (problem.title) return new ApiProblem(status, problem);
  } catch {
    // No problem details: something between the page and the service answered.
  }
  return new ApiProblem(status, {
    type: 'about:blank',
    title: 'The service did not answer as expected',
    detail: `status ${status}; try again`,
  });
}

export const unreachable = () =>
  new ApiProblem(0, {
    type: 'about:blank',
    title: 'The service cannot be reached',
    detail: 'Check the connection and try again. Nothing was lost.',
  });

interface Options {
  body?: unknown;
  accept?: string;
  signal?: AbortSignal;
  /** Goes on when the page is left. */
  keepalive?: boolean;
}

/** Asks for something and gives the raw answer. */
export async function fetched(
  method: string,
  path: string,
  options: Options = {},
): Promise<Response> {
  const headers: Record<string, string> = { Accept: options.accept ?? 'application/json' };
  if (method !== 'GET') Object.assign(headers, proof());
  const init: RequestInit = { method, headers, keepalive: options.keepalive ?? false };
  if (options.signal) init.signal = options.signal;
  if (options.body !== undefined) {
    headers['Content-Type'] = 'application/json';
    init.body = JSON.stringify(options.body);
  }
  let answer: Response;
  try {
    answer = await fetch(path, init);
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw unreachable();
  }
  if (answer.ok) return answer;
  const problem = problemOf(answer.status, await answer.text());
  if (answer.status === 401) ended();
  throw problem;
}

/** The session is over. Nothing of what was seen stays in the page's memory for whoever signs in next. */
export function ended(): void {
  const wasOpen = session.value != null;
  session.value = null;
  if (wasOpen) location.reload();
}

/** Asks for JSON. */
export async function ask<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const answer = await fetched(method, path, options);
  const text = await answer.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

/** Finds out who is signed in. */
export async function whoAmI(): Promise<void> {
  try {
    session.value = await ask<Session>('GET', '/v1/session');
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 401) return;
    throw error;
  }
}

export async function signIn(key: string): Promise<void> {
  session.value = await ask<Session>('POST', '/v1/session', { body: { key } });
}

/** How one may sign in. */
export async function waysIn(signal: AbortSignal): Promise<Version['sign_in']> {
  return (await ask<Version>('GET', '/version', { signal })).sign_in;
}

export async function signOut(): Promise<void> {
  const onward = await ask<{ continue_at: string } | undefined>('DELETE', '/v1/session');
  if (!onward) return ended();
  session.value = null;
  location.assign(onward.continue_at);
}

/** Every page of a list. */
export async function everyPage<T>(
  page: (cursor: string | null) => Promise<{ items: T[]; next: string | null }>,
  most: number,
): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | null = null;
  do {
    const { items, next }: { items: T[]; next: string | null } = await page(cursor);
    all.push(...items);
    cursor = next;
  } while (cursor !== null && all.length < most);
  return all;
}
