// Where in the page one is: the part after `#`, since every path before it belongs to the API.

import { signal } from '@preact/signals';

const read = () =>
  location.hash
    .replace(/^#\/?/, '')
    .split('/')
    .filter(Boolean)
    .map(decodeURIComponent);

/** The parts of the place, such as `['documents', id]`. */
export const place = signal(read());

addEventListener('hashchange', () => {
  place.value = read();
});

export const to = (...parts: string[]) => `#/${parts.map(encodeURIComponent).join('/')}`;

export function go(...parts: string[]): void {
  location.hash = to(...parts);
}
