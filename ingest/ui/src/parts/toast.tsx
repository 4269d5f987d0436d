// A line that says what just happened, read aloud too, sometimes with a way back.

import { effect, signal } from '@preact/signals';
import { place } from '../router';

interface Said {
  words: string;
  action?: { label: string; run: () => void };
}

const said = signal<Said | null>(null);
let timer = 0;

/** Says something for some seconds; a way back stays until it is taken away. */
export function say(words: string, action?: Said['action']): void {
  clearTimeout(timer);
  said.value = action ? { words, action } : { words };
  if (!action) timer = window.setTimeout(hush, 6000);
}

export function hush(): void {
  said.value = null;
}

// What was said of one view is no news in the next; a way back is.
effect(() => {
  void place.value;
  if (!said.peek()?.action) hush();
});

export function Toast() {
  return (
    <div class="toast-place" role="status">
      {said.value && (
        <div class="toast">
          <span>{said.value.words}</span>
          {said.value.action && (
            <button type="button" onClick={said.value.action.run}>
              {said.value.action.label}
            </button>
          )}
        </div>
      )}
    </div>
  );
}
