// The chat: a question goes out, and sentences come in as they stand.

import { ended, fetched, problemOf, proof, unreachable } from './client';

export interface DocumentSource {
  source: 'document';
  document: string;
  page: number;
  words: string[];
  entity?: string;
}

export interface CardSource {
  source: 'card';
  id: string;
  title: string;
  origin: string;
  clinically_reviewed: boolean;
}

export type Citation = (DocumentSource | CardSource) & { quote: string };

export interface Sentence {
  text: string;
  needs_review: boolean;
  citations: Citation[];
}

export interface Answer {
  kind: string;
  outcome: 'answered' | 'not_found' | 'referred' | 'emergency';
  sentences: Sentence[];
  model: string | null;
}

export interface Turn {
  question: string;
  answer: Answer;
}

export interface ChatSession {
  id: string;
  updated_at: string;
  title: string | null;
}

export interface Question {
  question: string;
  session?: string;
  document?: string;
  patient?: string;
}

/** Asks; `heard` is told each sentence. Gives the whole answer and its conversation. */
export async function askChat(
  question: Question,
  heard: (sentence: Sentence) => void,
  signal: AbortSignal,
): Promise<Answer & { session: string }> {
  let answer: Response;
  try {
    answer = await fetch('/v1/chat', {
      method: 'POST',
      headers: { Accept: 'text/event-stream', 'Content-Type': 'application/json', ...proof() },
      body: JSON.stringify(question),
      signal,
    });
  } catch (error) {
    if (signal.aborted) throw error;
    throw unreachable();
  }
  if (!answer.ok || !answer.body) {
    const problem = problemOf(answer.status, await answer.text());
    if (answer.status === 401) ended();
    throw problem;
  }
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw unreachable();
    held += value;
    for (let end = held.indexOf('\n\n'); end >= 0; end = held.indexOf('\n\n')) {
      const lines = held.slice(0, end).split('\n');
      held = held.slice(end + 2);
      const field = (name: string) =>
        lines
          .filter((line) => line.startsWith(`${name}:`))
          .map((line) => line.slice(name.length + 1).trim())
          .join('\n');
      const [event, data] = [field('event'), field('data')];
      if (event === 'sentence') heard(JSON.parse(data) as Sentence);
      if (event === 'answer') return JSON.parse(data) as Answer & { session: string };
      if (event === 'problem') throw problemOf(500, data);
    }
  }
}

/** Removes a conversation. */
export async function removeChat(id: string): Promise<void> {
  await fetched('DELETE', `/v1/chat/sessions/${id}`);
}
