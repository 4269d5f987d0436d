// Uploads: files wait in a row, a few are sent at once, and each says how far it is.

import { signal } from '@preact/signals';
import { ended, problemOf, proof, unreachable, type ApiProblem } from './client';
import { look } from './jobs';
import type { Taken } from './types';

export interface Upload {
  key: number;
  /** With its folders. */
  name: string;
  file: File;
  state: 'waiting' | 'sending' | 'resting' | 'taken' | 'known' | 'failed';
  /** How often the service asked for patience. */
  rests: number;
  /** Bytes sent. */
  sent: number;
  problem?: ApiProblem;
}

export const uploads = signal<Upload[]>([]);

const AT_ONCE = 3;
const MOST_RESTS = 10;
let nextKey = 0;

/** What systems leave in folders, and nobody means to send. */
const isLitter = (name: string) =>
  name.split('/').some((part) => part.startsWith('.') || part === '__MACOSX') ||
  /(^|\/)(Thumbs\.db|desktop\.ini)$/i.test(name);

/** Takes files into the row. */
export function send(files: { name: string; file: File }[]): void {
  const news = files
    .filter(({ name }) => !isLitter(name))
    .map(({ name, file }): Upload => ({ key: nextKey++, name, file, state: 'waiting', rests: 0, sent: 0 }));
  uploads.value = [...uploads.value, ...news];
  goOn();
}

export function again(key: number): void {
  change(key, { state: 'waiting', rests: 0, sent: 0 });
  goOn();
}

/** Takes what has ended out of the list. */
export function tidy(): void {
  uploads.value = uploads.value.filter(isOpen);
}

/** Is there still something to be done for it? */
export const isOpen = ({ state }: Upload) =>
  state === 'waiting' || state === 'sending' || state === 'resting';

function change(key: number, news: Partial<Upload>): void {
  uploads.value = uploads.value.map((item) => (item.key === key ? { ...item, ...news } : item));
}

function goOn(): void {
  const sending = uploads.value.filter(({ state }) => state === 'sending').length;
  const waiting = uploads.value.filter(({ state }) => state === 'waiting');
  for (const item of waiting.slice(0, AT_ONCE - sending)) begin(item);
}

function begin({ key, name, file, rests }: Upload): void {
  change(key, { state: 'sending' });
  const failed = (problem: ApiProblem) => {
    change(key, { state: 'failed', problem });
    if (problem.status === 401) ended();
  };
  // fetch does not say how far a body is.
  const request = new XMLHttpRequest();
  request.open('POST', '/v1/documents');
  request.setRequestHeader('Content-Type', 'application/octet-stream');
  request.setRequestHeader(
    'Content-Disposition',
    `attachment; filename*=UTF-8''${encodeURIComponent(name)}`,
  );
  for (const [field, value] of Object.entries(proof())) request.setRequestHeader(field, value);
  request.upload.onprogress = ({ loaded }) => change(key, { sent: loaded });
  request.onerror = () => failed(unreachable());
  request.onload = () => {
    if (request.status === 202) {
      const taken = JSON.parse(request.responseText) as Taken;
      change(key, { state: taken.jobs[0]?.duplicate ? 'known' : 'taken', sent: file.size });
      void look();
    } else if ((request.status === 429 || request.status === 503) && rests < MOST_RESTS) {
      // Too much at once, or something is away: it says how long to wait.
      const seconds = Number(request.getResponseHeader('Retry-After')) || 5;
      change(key, { state: 'resting', rests: rests + 1, sent: 0 });
      setTimeout(() => {
        change(key, { state: 'waiting' });
        goOn();
      }, seconds * 1000);
    } else {
      failed(problemOf(request.status, request.responseText));
    }
  };
  request.onloadend = goOn;
  request.send(file);
}

/** The files of a drop, those in folders too. */
export async function filesOf(transfer: DataTransfer): Promise<{ name: string; file: File }[]> {
  // Items are gone after the first wait, so they are all taken before it. What comes from another program
  // and not from a folder has no entry.
  const taken = [...transfer.items].map((item) => [item.webkitGetAsEntry(), item.getAsFile()] as const);
  const found = taken.map(([entry, file]) =>
    entry ? filesIn(entry) : file ? [{ name: file.name, file }] : [],
  );
  return (await Promise.all(found)).flat();
}

async function filesIn(entry: FileSystemEntry): Promise<{ name: string; file: File }[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    return [{ name: entry.fullPath.replace(/^\//, ''), file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: { name: string; file: File }[] = [];
  // A folder is told a piece at a time; an empty piece is its end.
  for (;;) {
    const piece = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (piece.length === 0) return found;
    found.push(...(await Promise.all(piece.map(filesIn))).flat());
  }
}
