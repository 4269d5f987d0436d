// Questions about documents and medicine. Every sentence shows what it rests on, and leads there.

import { useEffect, useRef, useState } from 'preact/hooks';
import { askChat, removeChat, type ChatSession, type Citation, type Question, type Sentence, type Turn } from '../api/chat';
import { ask } from '../api/client';
import { search } from '../api/entities';
import { fileOf, hasResult, jobs } from '../api/jobs';
import { useAsked } from '../parts/asked';
import { Icon } from '../parts/icon';
import { Empty, Failure } from '../parts/states';
import { go, to } from '../router';

/** What is said of an answer that is still coming. */
type Said = Omit<Turn, 'answer'> & { answer: Pick<Turn['answer'], 'outcome' | 'sentences' | 'model'> | null };

export function Chat({ id }: { id: string | undefined }) {
  const [turns, setTurns] = useState<Said[]>([]);
  const [session, setSession] = useState<string | undefined>(id);
  const [scope, setScope] = useState('');
  const [text, setText] = useState('');
  const [problem, setProblem] = useState<unknown>();
  const [coming, setComing] = useState<AbortController | null>(null);
  const last = useRef<HTMLDivElement>(null);
  const sessions = useAsked((signal) => ask<{ sessions: ChatSession[] }>('GET', '/v1/chat/sessions', { signal }), []);
  // The conversation of the place; what was just asked here is there already.
  useEffect(() => {
    if (id === session && (id === undefined || turns.length > 0)) return;
    coming?.abort();
    setSession(id);
    setTurns([]);
    setProblem(undefined);
    if (id === undefined) return;
    const stop = new AbortController();
    ask<{ turns: Turn[] }>('GET', `/v1/chat/sessions/${id}`, { signal: stop.signal })
      .then(({ turns }) => setTurns(turns))
      .catch((error) => stop.signal.aborted || setProblem(error));
    return () => stop.abort();
  }, [id]);
  useEffect(() => () => coming?.abort(), [coming]);
  useEffect(() => last.current?.scrollIntoView({ block: 'nearest' }), [turns]);

  async function send(event: Event) {
    event.preventDefault();
    const question = text.trim();
    if (!question || coming) return;
    const stop = new AbortController();
    setComing(stop);
    setProblem(undefined);
    setText('');
    const before = turns;
    const sentences: Sentence[] = [];
    setTurns([...before, { question, answer: null }]);
    const body: Question = { question };
    if (session !== undefined) body.session = session;
    const [kind, of] = scope.split(':');
    if (kind === 'document' && of) body.document = of;
    if (kind === 'patient' && of) body.patient = of;
    try {
      const answer = await askChat(
        body,
        (sentence) => {
          sentences.push(sentence);
          setTurns([...before, { question, answer: { outcome: 'answered', sentences: [...sentences], model: null } }]);
        },
        stop.signal,
      );
      setTurns([...before, { question, answer }]);
      if (session === undefined) {
        setSession(answer.session);
        go('chat', answer.session);
      }
      sessions.again();
    } catch (error) {
      if (stop.signal.aborted) {
        if (sentences.length === 0) setTurns(before);
      } else {
        setTurns(before);
        setText(question);
        setProblem(error);
      }
    } finally {
      setComing(null);
    }
  }

  async function remove(gone: string) {
    await removeChat(gone).catch(setProblem);
    sessions.again();
    if (gone === session) go('chat');
  }

  const documents = (jobs.value ?? []).filter(hasResult);
  const patients = useAsked(patientsOf, [documents.length]).value ?? [];
  return (
    <div class="chat">
      <div class="chat-main">
        <h1>Chat</h1>
        <p class="muted">
          Answers quote your documents and our cards. They are no medical advice, and no clinician has reviewed the cards.
        </p>
        <div class="chat-turns" aria-live="polite" aria-busy={coming !== null}>
          {turns.length === 0 && (
            <Empty icon="chat" title="Ask about your documents">
              “What is the dose of …?”, “When was the blood taken?”, “Does … interact with …?”
            </Empty>
          )}
          {turns.map((turn, n) => (
            <article class="turn" key={n}>
              <p class="asked">
                <span class="sr-only">You asked: </span>
                {turn.question}
              </p>
              {turn.answer && (
                <div class={`answered is-${turn.answer.outcome}`}>
                  {together(turn.answer.sentences).map((sentences, k) => (
                    <Said key={k} sentences={sentences} />
                  ))}
                  {turn.answer.model && <p class="muted small">In the words of {turn.answer.model}, checked against the quotations</p>}
                </div>
              )}
            </article>
          ))}
          {coming && (
            <p class="muted" role="status">
              <span class="spinner" aria-hidden="true" /> Looking …
            </p>
          )}
          <div ref={last} />
        </div>
        {problem !== undefined && <Failure problem={problem} />}
        <form class="chat-form" onSubmit={send}>
          <div class="field is-inline">
            <label for="scope">About</label>
            <select id="scope" value={scope} onChange={(event) => setScope(event.currentTarget.value)}>
              <option value="">all documents and the cards</option>
              <optgroup label="One document">
                {documents.map((job) => (
                  <option value={`document:${job.document_id}`}>{fileOf(job.document_id)}</option>
                ))}
              </optgroup>
              {patients.length > 0 && (
                <optgroup label="One patient">
                  {patients.map(({ id, name }) => (
                    <option value={`patient:${id}`}>{name}</option>
                  ))}
                </optgroup>
              )}
            </select>
          </div>
          <div class="chat-line">
            <label for="question" class="sr-only">
              Question
            </label>
            <input
              id="question"
              autocomplete="off"
              maxLength={2000}
              placeholder="Ask a question"
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
            {coming ? (
              <button type="button" class="button" onClick={() => coming.abort()}>
                <Icon name="cross" /> Stop
              </button>
            ) : (
              <button class="button is-primary" disabled={!text.trim()}>
                Ask
              </button>
            )}
          </div>
        </form>
      </div>
      <aside class="chat-sessions" aria-label="Conversations">
        <a class="button" href={to('chat')}>
          <Icon name="plus" /> New conversation
        </a>
        <ul>
          {(sessions.value?.sessions ?? []).map((known) => (
            <li>
              <a href={to('chat', known.id)} aria-current={known.id === session ? 'page' : undefined}>
                {known.title ?? 'Erased with its document'}
              </a>
              <button
                type="button"
                class="button is-tool"
                aria-label={`Remove the conversation ${known.title ?? ''}`}
                onClick={() => remove(known.id)}
              >
                <Icon name="cross" />
              </button>
            </li>
          ))}
        </ul>
      </aside>
    </div>
  );
}

/** Sentences in their order; those that follow each other on the same card, together. */
function together(sentences: Sentence[]): Sentence[][] {
  const card = ({ citations: [first, ...more] }: Sentence) =>
    first?.source === 'card' && more.length === 0 ? first.id : null;
  const groups: Sentence[][] = [];
  for (const sentence of sentences) {
    const last = groups.at(-1);
    const same = last && card(sentence) !== null && card(last[0]!) === card(sentence);
    if (same) last.push(sentence);
    else groups.push([sentence]);
  }
  return groups;
}

/** Sentences that rest on the same, and on what. */
function Said({ sentences }: { sentences: Sentence[] }) {
  const citations = sentences[0]!.citations;
  return (
    <div class="sentence">
      {sentences.map((sentence) => (
        <p>
          {sentence.text}
          {sentence.needs_review && (
            <span class="badge is-warn">
              <Icon name="warning" /> read by machine, not verified
            </span>
          )}
        </p>
      ))}
      {citations.length > 0 && (
        <ul class="citations">
          {citations.map((citation) => (
            <li>
              <Cited citation={citation} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Cited({ citation }: { citation: Citation }) {
  if (citation.source === 'card') {
    return (
      <details>
        <summary>{citation.title}</summary>
        <p class="muted small">
          {citation.origin}
          {!citation.clinically_reviewed && '. Not reviewed by a clinician.'}
        </p>
      </details>
    );
  }
  const { document, page, words } = citation;
  return (
    <a href={to('documents', document, 'words', words.join(','))} title={citation.quote}>
      {fileOf(document)}, page {page + 1}
    </a>
  );
}

/** Patients whom the first findings name. */
async function patientsOf(): Promise<{ id: string; name: string }[]> {
  const { entities } = await search({ type: 'person' }, null);
  const names = new Map<string, string>();
  for (const { patient_id, role, name, text } of entities) {
    if (patient_id && role === 'patient') names.set(patient_id, typeof name === 'string' ? name : text);
  }
  return [...names].map(([id, name]) => ({ id, name }));
}
