// Where files are dropped or chosen, and how far their sending is.

import { useRef, useState } from 'preact/hooks';
import { again, filesOf, isOpen, send, tidy, uploads, type Upload } from '../api/uploads';
import { Icon } from '../parts/icon';
import { size } from '../parts/when';

export function DropZone() {
  const [isOver, setOver] = useState(false);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);

  function chosen(event: Event) {
    const input = event.currentTarget as HTMLInputElement;
    send([...(input.files ?? [])].map((file) => ({ name: file.webkitRelativePath || file.name, file })));
    // The same files may be chosen again.
    input.value = '';
  }

  return (
    <section aria-label="Send documents">
      <div
        class={`drop ${isOver ? 'is-over' : ''}`}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          if (event.dataTransfer) void filesOf(event.dataTransfer).then(send);
        }}
      >
        <span class="drop-icon">
          <Icon name="upload" />
        </span>
        <div class="drop-words">
          <strong>Drop files or a folder here</strong>
          <span class="muted">PDF, DICOM, TIFF, PNG, JPEG and more</span>
        </div>
        <div class="drop-buttons">
          <button type="button" class="button is-primary" onClick={() => files.current?.click()}>
            Choose files
          </button>
          <button type="button" class="button" onClick={() => folder.current?.click()}>
            <Icon name="folder" /> Choose folder
          </button>
        </div>
        <input ref={files} id="files" type="file" multiple hidden onChange={chosen} aria-label="Files" />
        <input
          ref={folder}
          id="folder"
          type="file"
          multiple
          hidden
          onChange={chosen}
          aria-label="Folder"
          {...{ webkitdirectory: true }}
        />
      </div>
      {uploads.value.length > 0 && <Sending items={uploads.value} />}
    </section>
  );
}

function Sending({ items }: { items: Upload[] }) {
  const count = (...states: Upload['state'][]) =>
    items.filter(({ state }) => states.includes(state)).length;
  const open = items.filter(isOpen).length;
  const failed = items.filter(({ state }) => state === 'failed');
  const known = count('known');
  const bytes = items.reduce((sum, { file }) => sum + file.size, 0);
  const sent = items.reduce(
    (sum, item) => sum + (item.state === 'failed' ? item.file.size : item.sent),
    0,
  );
  const done = items.length - open;
  return (
    <div class="card sending">
      <div class="sending-head">
        <span role="status">
          {open > 0
            ? `Sending ${items.length} ${items.length === 1 ? 'file' : 'files'}, ${size(bytes)}: ${done} done`
            : `${count('taken', 'known')} of ${items.length} sent`}
          {known > 0 && `, ${known} known before`}
          {failed.length > 0 && `, ${failed.length} not taken`}
        </span>
        {open === 0 && (
          <button type="button" class="button is-small is-bare" onClick={tidy}>
            Close
          </button>
        )}
      </div>
      <progress value={sent} max={Math.max(bytes, 1)} aria-label="Sending" />
      {failed.length > 0 && (
        <ul class="failed-files">
          {failed.map((item) => (
            <li key={item.key}>
              <span>
                <strong>{item.name}</strong>
                <span class="muted">
                  {' '}
                  {item.problem?.problem.title}: {item.problem?.problem.detail}
                </span>
              </span>
              <button type="button" class="button is-small" onClick={() => again(item.key)}>
                Try again
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
