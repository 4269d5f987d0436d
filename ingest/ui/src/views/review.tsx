// The review desk: what is doubtful, the riskiest first, the scan beside what was read. Its keys work while
// the desk has the focus, so that they disturb no one elsewhere.

import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { ask } from '../api/client';
import { fileOf } from '../api/jobs';
import type { DocumentResult, Found, Word } from '../api/types';
import { dated, fieldOf, KINDS, percent, title, value } from '../facts';
import { useAsked } from '../parts/asked';
import { AssertionBadge } from '../parts/badges';
import { Icon } from '../parts/icon';
import { Empty, Failure, Loading } from '../parts/states';
import { Crop } from '../review/crop';
import { at, decided, load, row, settle, skip, takeBack, tellNow } from '../review/desk';
import { Form, type FormHandle } from '../review/form';
import { go, to } from '../router';
import { Votes } from '../viewer/votes';

export function Review({ document }: { document: string | undefined }) {
  const { problem, again } = useAsked(async () => {
    row.value = null;
    await load(document);
  }, [document]);

  useEffect(() => {
    const leave = () => void tellNow(true);
    addEventListener('pagehide', leave);
    return () => {
      removeEventListener('pagehide', leave);
      void tellNow();
    };
  }, []);

  const list = row.value;
  const entity = list?.[at.value];
  return (
    <>
      <div class="view-head">
        <div>
          <h1>Review</h1>
          {document && (
            <p class="muted">
              Only {fileOf(document)} · <a href={to('review')}>all documents</a>
            </p>
          )}
        </div>
        {list && list.length > 0 && (
          <p class="muted number" role="status">
            {list.length} left{!document && inDocuments(list)}
            {decided.value > 0 && `, ${decided.value} decided`}
          </p>
        )}
      </div>
      {problem !== undefined ? (
        <Failure problem={problem} retry={again} />
      ) : !list ? (
        <Loading what="what is doubtful" />
      ) : entity ? (
        <Desk entity={entity} list={list} />
      ) : (
        <Empty icon="check" title="Nothing is left to review">
          <p>
            {decided.value > 0
              ? `You decided ${decided.value}. `
              : 'What the engines are not sure of appears here. '}
            <a href={to('documents')}>Back to the documents</a>
          </p>
        </Empty>
      )}
    </>
  );
}

function inDocuments(list: Found[]): string {
  const count = new Set(list.map((entity) => entity.document_id)).size;
  return ` in ${count} ${count === 1 ? 'document' : 'documents'}`;
}

function Desk({ entity, list }: { entity: Found; list: Found[] }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const form = useRef<FormHandle>(null);
  const queue = useRef<HTMLOListElement>(null);

  // The next fact is read aloud, and the keys go on working: with the fact itself on the page, so that no key
  // falls between a field that is gone and the heading.
  useLayoutEffect(() => {
    heading.current?.focus({ preventScroll: true });
    // Who decided at the end of a long form sees the beginning of the next.
    const desk = heading.current?.closest('.case');
    if (desk && desk.getBoundingClientRect().top < 0) desk.scrollIntoView({ block: 'start' });
    if (queue.current) showCurrent(queue.current);
  }, [entity.entity_id]);

  function onKeyDown(event: KeyboardEvent) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as HTMLElement;
    if (target.closest('input, select, textarea')) return;
    const actions: Record<string, () => void> = {
      a: () => settle(null),
      c: () => form.current?.edit(),
      s: () => skip(1),
      b: () => skip(-1),
      u: takeBack,
      o: () => go('documents', entity.document_id, entity.id),
    };
    const action = actions[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  }

  return (
    <div class="desk" onKeyDown={onKeyDown} aria-label="Review desk" role="region">
      <ol class="card queue" ref={queue} aria-label="What is doubtful, the riskiest first">
        {list.map((other, index) => (
          <li key={other.entity_id}>
            <button
              type="button"
              data-entity={other.entity_id}
              aria-current={other === entity ? 'true' : undefined}
              onClick={() => {
                at.value = index;
              }}
            >
              <span class="queue-kind">{KINDS[other.type].one}</span>
              <span class="queue-title">{title(other)}</span>
              <span class="queue-summary">{dated(other)}</span>
            </button>
          </li>
        ))}
      </ol>
      <article class="card case" data-entity={entity.entity_id}>
        <header>
          <div>
            <p class="muted">
              {KINDS[entity.type].one} in{' '}
              <a href={to('documents', entity.document_id, entity.id)}>{fileOf(entity.document_id)}</a>
              {entity.page !== null && `, page ${entity.page + 1}`}
            </p>
            <h2 ref={heading} tabIndex={-1}>
              {title(entity)} <span class="muted">{dated(entity)}</span>
            </h2>
          </div>
          <div class="fact-badges">
            <AssertionBadge entity={entity} />
            <span class="muted number">{percent(entity.confidence)} sure</span>
          </div>
        </header>
        <Evidence entity={entity} />
        <Form
          key={`${entity.entity_id} ${entity.version}`}
          handle={form}
          entity={entity}
          onCorrect={settle}
          onLeave={() => heading.current?.focus()}
        />
        <footer class="review-actions">
          <button type="button" class="button is-primary" onClick={() => settle(null)}>
            <Icon name="check" /> Accept <kbd>A</kbd>
          </button>
          <button type="button" class="button" onClick={() => form.current?.edit()}>
            Correct <kbd>C</kbd>
          </button>
          <button type="button" class="button" onClick={() => skip(1)}>
            Skip <kbd>S</kbd>
          </button>
          <button type="button" class="button is-bare" onClick={() => skip(-1)}>
            Back <kbd>B</kbd>
          </button>
          <button
            type="button"
            class="button is-bare opens-page"
            onClick={() => go('documents', entity.document_id, entity.id)}
          >
            Open the page <kbd>O</kbd>
          </button>
        </footer>
      </article>
    </div>
  );
}

/** Scrolls the queue itself, and nothing around it, to what is looked at. */
function showCurrent(queue: HTMLElement): void {
  const current = queue.querySelector('[aria-current]');
  if (!current) return;
  const [item, frame] = [current.getBoundingClientRect(), queue.getBoundingClientRect()];
  queue.scrollTop += Math.min(0, item.top - frame.top) + Math.max(0, item.bottom - frame.bottom);
  queue.scrollLeft += Math.min(0, item.left - frame.left) + Math.max(0, item.right - frame.right);
}

/** The documents that were looked at on the desk: the next fact is often of the same one. */
const results = new Map<string, Promise<DocumentResult>>();

function result(id: string): Promise<DocumentResult> {
  let asked = results.get(id);
  if (!asked) {
    asked = ask<DocumentResult>('GET', `/v1/documents/${id}`);
    asked.catch(() => results.delete(id));
    if (results.size >= 4) results.delete(results.keys().next().value!);
    results.set(id, asked);
  }
  return asked;
}

function Evidence({ entity }: { entity: Found }) {
  const { value, problem } = useAsked(() => result(entity.document_id), [entity.document_id]);
  const [shows, setShows] = useState(false);
  if (problem !== undefined) return <Failure problem={problem} />;
  const page = value?.pages[entity.page ?? 0];
  if (!page || value?.document.id !== entity.document_id) {
    return <div class="crop is-waiting" aria-hidden="true" />;
  }
  const words = page.lines
    .flatMap((line) => line.words)
    .filter((word) => entity.words.includes(word.id));
  // What the doubtful fields stand on comes first.
  const isMeant = standsFor(entity);
  const disputed = words.filter(isDisputed).toSorted((a, b) => Number(isMeant(b)) - Number(isMeant(a)));
  const href = `/v1/documents/${entity.document_id}/pages/${page.index}.png`;
  return (
    <>
      <Crop href={href} page={page} words={words} disputed={disputed} />
      {disputed.length > 0 && (
        <details class="disputed" open={shows} onToggle={(event) => setShows(event.currentTarget.open)}>
          <summary>
            The engines differ: {disputed.map(otherwise).join('; ')}
          </summary>
          <div class="disputed-words">
            {disputed.map((word) => (
              <Votes key={word.id} word={word} />
            ))}
          </div>
        </details>
      )}
    </>
  );
}

/** A disputed word and what else was read there. */
function otherwise(word: Word): string {
  const others = word.votes.map((vote) => vote.text).filter((text) => text !== word.text);
  const read = [...new Set(others)].map((text) => (text ? `“${text}”` : 'nothing'));
  return `“${word.text}” or ${read.join(' or ')}`;
}

/** Tells whether a doubtful field stands on a word. */
function standsFor(entity: Found): (word: Word) => boolean {
  const doubtful = entity.reasons.map((reason) => fieldOf(reason, entity)).filter((field) => field !== undefined);
  const parts = new Set(doubtful.flatMap((field) => value(entity, field).split(/\s+/)));
  return (word) => parts.has(word.text) || parts.has(word.text.replace(/[*,;:]+$/, ''));
}

const isDisputed = (word: Word) => word.votes.some((vote) => vote.text !== word.text);
