// The words of a page as text, each of which can be chosen: the page for who cannot point at it. One word
// is in the order of Tab; arrows go from word to word.

import { useRef } from 'preact/hooks';
import type { Page, Word } from '../api/types';

interface Props {
  page: Page;
  chosen: string | null;
  evidence: ReadonlySet<string>;
  onWord: (word: Word) => void;
}

export function PageText({ page, chosen, evidence, onWord }: Props) {
  const list = useRef<HTMLDivElement>(null);
  const words = page.lines.flatMap((line) => line.words);
  const stop = words.some((word) => word.id === chosen) ? chosen : words[0]?.id;

  function onKeyDown(event: KeyboardEvent) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = [...list.current!.querySelectorAll('button')];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    buttons[at + step]?.focus();
  }

  if (words.length === 0) return <p class="muted quiet-line">No word was read on this page.</p>;
  return (
    <div
      class="page-text"
      ref={list}
      role="group"
      aria-label={`Words of page ${page.index + 1}; arrows go from word to word`}
      onKeyDown={onKeyDown}
    >
      {page.lines.map((line) => (
        <p>
          {line.words.map((word) => (
            <>
              <button
                type="button"
                tabIndex={word.id === stop ? 0 : -1}
                class={`text-word ${word.confidence < 0.8 ? 'is-doubtful' : ''} ${
                  evidence.has(word.id) ? 'is-evidence' : ''
                }`}
                aria-pressed={word.id === chosen}
                onClick={() => onWord(word)}
              >
                {word.text}
              </button>{' '}
            </>
          ))}
        </p>
      ))}
    </div>
  );
}
