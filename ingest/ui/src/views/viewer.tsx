// A document: its pages beside what was found on them. A fact shows its words, a word shows its votes.

import { useMemo, useState } from 'preact/hooks';
import { ask, session } from '../api/client';
import { jobs } from '../api/jobs';
import type { DocumentResult, Entity, Word } from '../api/types';
import { percent, readable, summary, title } from '../facts';
import { useAsked } from '../parts/asked';
import { StateBadge } from '../parts/badges';
import { Icon } from '../parts/icon';
import { Failure, Loading } from '../parts/states';
import { to } from '../router';
import { FactList } from '../viewer/fact-list';
import { PagePicture } from '../viewer/page-picture';
import { PageText } from '../viewer/page-text';
import { Votes } from '../viewer/votes';

const FORMS: [format: string, label: string][] = [
  ['pdf', 'Searchable PDF'],
  ['text', 'Text'],
  ['fhir', 'FHIR Bundle'],
  ['json', 'JSON'],
  ['hocr', 'hOCR'],
  ['alto', 'ALTO'],
];

interface Place {
  id: string;
  /** The fact that is shown first, or `words`. */
  entity: string | undefined;
  /** Words that are shown first, joined by commas. */
  words: string | undefined;
}

export function Viewer({ id, entity, words }: Place) {
  const { value, problem, again } = useAsked(
    (signal) => ask<DocumentResult>('GET', `/v1/documents/${id}`, { signal }),
    [id],
  );
  if (problem !== undefined) {
    return (
      <>
        <Back />
        <Failure problem={problem} retry={again} />
      </>
    );
  }
  if (!value) return <Loading what="the document" />;
  return <Opened result={value} id={id} entity={entity} words={words} />;
}

function Back() {
  return (
    <a class="back" href={to('documents')}>
      <Icon name="left" /> Documents
    </a>
  );
}

function Opened({ result, id, entity, words: cited }: Place & { result: DocumentResult }) {
  const { words, pageOf, linked } = useMemo(() => indexed(result), [result]);
  const first = result.entities.find((known) => known.id === entity) ?? null;
  const [chosen, setChosen] = useState<Entity | null>(first);
  const [word, setWord] = useState<Word | null>(null);
  const quoted = useMemo(() => cited?.split(',') ?? [], [cited]);
  const [pageIndex, setPage] = useState(first?.page ?? pageOf.get(quoted[0] ?? '') ?? 0);
  const [tab, setTab] = useState<'facts' | 'words'>('facts');
  const evidence = useMemo(() => new Set(chosen?.words ?? quoted), [chosen]);
  const page = result.pages[pageIndex] ?? result.pages[0];
  const job = jobs.value?.find((job) => job.document_id === id);
  const { document } = result;
  const slash = document.file.lastIndexOf('/') + 1;
  const doubtful = result.entities.filter((entity) => entity.needs_review).length;
  const mayReview = session.value?.role === 'admin' || session.value?.role === 'reviewer';

  function choose(entity: Entity | null) {
    setChosen(entity);
    setWord(null);
    const page = entity?.words[0] !== undefined ? pageOf.get(entity.words[0]) : undefined;
    if (page !== undefined) setPage(page);
  }

  const uses = word ? result.entities.filter((entity) => entity.words.includes(word.id)) : [];
  return (
    <div class="viewer">
      <div class="view-head">
        <div>
          <Back />
          <h1 class="file">{document.file.slice(slash)}</h1>
          <p class="muted">
            {slash > 0 && `${document.file.slice(0, slash - 1)} · `}
            {readable(document.kind)} ({percent(document.kind_confidence)}) · {document.page_count}{' '}
            {document.page_count === 1 ? 'page' : 'pages'} · {result.entities.length} facts
          </p>
        </div>
        <div class="view-actions">
          {job && <StateBadge state={job.state} />}
          {doubtful > 0 && mayReview && (
            <a class="button is-primary" href={to('review', id)}>
              Review {doubtful}
            </a>
          )}
          <details class="menu">
            <summary class="button">
              <Icon name="download" /> Download
            </summary>
            <ul>
              {FORMS.map(([format, label]) => (
                <li>
                  <a href={`/v1/documents/${id}?format=${format}`} download={`${document.file.slice(slash)}.${format}`}>
                    {label}
                  </a>
                </li>
              ))}
            </ul>
          </details>
        </div>
      </div>
      <div class="viewer-body">
        {page && (
          <PagePicture
            href={`/v1/documents/${id}/pages/${page.index}.png`}
            page={page}
            count={result.pages.length}
            onPage={setPage}
            evidence={evidence}
            linked={linked}
            chosen={word?.id ?? null}
            onWord={setWord}
          />
        )}
        <aside class="card viewer-side" aria-label="What was found">
          {word && (
            <section class="chosen-word" aria-label="The chosen word">
              <button
                type="button"
                class="button is-tool"
                aria-label="Close the word"
                onClick={() => setWord(null)}
              >
                <Icon name="cross" />
              </button>
              <Votes word={word} />
              {uses.map((entity) => (
                <button type="button" class="button is-small is-soft" onClick={() => choose(entity)}>
                  {title(entity)} {summary(entity)}
                </button>
              ))}
            </section>
          )}
          <div class="segments" role="group" aria-label="Show">
            <button type="button" aria-pressed={tab === 'facts'} onClick={() => setTab('facts')}>
              Facts
            </button>
            <button type="button" aria-pressed={tab === 'words'} onClick={() => setTab('words')}>
              Words of the page
            </button>
          </div>
          {tab === 'facts' ? (
            <FactList
              entities={result.entities}
              chosen={chosen}
              wordsOf={(entity) => entity.words.flatMap((id) => words.get(id) ?? [])}
              onChoose={choose}
            />
          ) : (
            page && (
              <PageText page={page} chosen={word?.id ?? null} evidence={evidence} onWord={setWord} />
            )
          )}
        </aside>
      </div>
    </div>
  );
}

/** Words by id, their pages, and which of them some entity stands on. */
function indexed(result: DocumentResult) {
  const words = new Map<string, Word>();
  const pageOf = new Map<string, number>();
  result.pages.forEach((page, index) => {
    for (const word of page.lines.flatMap((line) => line.words)) {
      words.set(word.id, word);
      pageOf.set(word.id, index);
    }
  });
  const linked = new Set(result.entities.flatMap((entity) => entity.words));
  return { words, pageOf, linked };
}
