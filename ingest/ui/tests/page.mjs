// The page in a real browser, against a running service: page.mjs URL KEY_FILE FOLDER LONG SHOTS
//
//   FOLDER  what is uploaded: two documents and a file that is none
//   LONG    the id of a document of 20 pages, read or being read
//   SHOTS   where pictures go
//
// The service has one dead letter whose cause is cured. ingest/tests/page.rs prepares all that.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { comes, DESK, must, PATIENCE, PHONE, Visit } from './browser.mjs';

const [url, keyFile, folder, long, shots] = process.argv.slice(2);
const key = (await readFile(keyFile, 'utf8')).trim();
const LABS = 'lab_cumulative_shaded.jpg';
const HANDWRITTEN = 'prescription_handwritten.jpg';

const visit = await Visit.begin(url, shots);
try {
  await visit.open(DESK);
  await visit.step('the first load is small', firstLoad);
  await visit.step('signing in by keyboard', signIn);
  await visit.step('uploading a folder, live', upload);
  await visit.step('the viewer with evidence and votes', viewer);
  await visit.step('reviewing by keyboard', review);
  await visit.step('findings, filtered and exported', findings);
  await visit.step('trends', trends);
  await visit.step('chat with citations', chat);
  await visit.step('a dead letter is replayed', admin);
  await visit.step('keys are made and revoked', keys);
  await visit.step('the audit log is filtered and verified', audit);
  await visit.step('20 pages open in under a second', opensQuickly);
  await visit.step('a foreign page can do nothing', forged);
  await visit.step('signing out', signOut);
  for (const [name, device, scheme] of [
    ['phone-light', PHONE, 'light'],
    ['desk-dark', DESK, 'dark'],
  ]) {
    await visit.context.close();
    await visit.open(device, scheme);
    await visit.step(`every view, ${name}`, () => everyView(name));
  }
} finally {
  await visit.end();
}

async function firstLoad(page) {
  const sizes = [];
  page.on('requestfinished', async (request) => sizes.push(request.sizes()));
  await page.goto(url);
  await page.getByLabel('API key').waitFor();
  await page.waitForLoadState('networkidle');
  const all = await Promise.all(sizes);
  const bytes = all.reduce((sum, size) => sum + size.responseBodySize + size.responseHeadersSize, 0);
  console.log(`page: the first load takes ${bytes} bytes in ${all.length} requests`);
  must(all.length >= 3 && bytes > 10_000, 'the page was not loaded');
  must(bytes < 300_000, `${bytes} bytes are too much`);
  await visit.accessible('signing in');
  await visit.shot('sign-in');
}

async function signIn(page) {
  await page.getByLabel('API key').focus();
  await page.keyboard.type('mbk_wrong');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('not good here').waitFor();
  await visit.accessible('a refused key');
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText(key);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Documents' }).waitFor();
  const cookie = (await visit.context.cookies()).find(({ name }) => name === 'medbot_session');
  must(
    cookie?.httpOnly && cookie.secure && cookie.sameSite === 'Strict',
    `the session's cookie is ${JSON.stringify({ ...cookie, value: '' })}`,
  );
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  must(!kept.includes(key.slice(8)), 'the key is kept in the browser');
  // The first stop of the keyboard leads past the menu.
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await comes(() => page.evaluate(() => document.activeElement?.id === 'main'), 'the menu is skipped');
}

/** The line of a file in the list of documents. */
function row(page, file) {
  return page.locator(`.job[data-file$="${file}"]`);
}

/** Waits until a document is read. */
function ended(page, file) {
  return row(page, file).locator('.badge.is-good, .badge.is-warn').waitFor();
}

async function upload(page) {
  await page.setInputFiles('#folder', folder);
  await page.getByText('not taken').waitFor();
  const refused = page.locator('.failed-files li');
  must((await refused.count()) === 1, 'one file is no document');
  must((await refused.innerText()).includes('notes.txt'), 'the refused file is named');
  const labs = row(page, LABS);
  await labs.waitFor();
  must((await labs.innerText()).includes('scans'), 'the folder is shown');
  // The list tells how far it is without being asked again.
  const seen = new Set();
  const begun = performance.now();
  while ((await labs.getAttribute('data-state')) !== 'needs_review') {
    const progress = labs.locator('.job-progress');
    const words = await progress.innerText({ timeout: 500 }).catch(() => '');
    if (words && !seen.has(words)) {
      seen.add(words);
      if (seen.size === 2) await visit.shot('documents-live');
    }
    must(performance.now() - begun < PATIENCE, `it is read no further than ${[...seen].join(', ')}`);
    await page.waitForTimeout(50);
  }
  must(seen.size >= 2, `progress is told: ${[...seen].join(', ')}`);
  await page.locator('.live.is-on').waitFor();
  // What follows counts doubts, so nothing may be under way any more.
  await ended(page, HANDWRITTEN);
  // Dropped, and known: the same bytes are the same document.
  const bytes = [...(await readFile(join(folder, LABS)))];
  await page.evaluate((bytes) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([new Uint8Array(bytes)], 'again.jpg'));
    document.querySelector('.drop').dispatchEvent(new DragEvent('drop', { bubbles: true, dataTransfer }));
  }, bytes);
  await page.getByText('1 known before').waitFor();
  await visit.accessible('documents');
  await visit.shot('documents');
}

async function viewer(page) {
  await row(page, LABS).getByRole('link').first().click();
  const fact = page.locator('.fact-line', { hasText: 'Sodium' }).first();
  await fact.waitFor();
  await page.waitForFunction(() => !document.querySelector('.frame-wait'));
  await fact.click();
  const marked = await page.locator('.page .is-evidence').evaluateAll((all) =>
    all.map((word) => word.dataset.word),
  );
  const id = await fact.getAttribute('data-entity');
  const document = await get(page, `/v1/documents/${await openDocument(page)}`);
  const entity = document.entities.find((entity) => entity.id === id);
  must(marked.length > 0 && marked.sort().join() === [...entity.words].sort().join(), 'its words are marked');
  const inSight = await page.locator('.page .is-evidence').first().evaluate((word) => {
    const [box, frame] = [word, word.closest('.frame')].map((e) => e.getBoundingClientRect());
    return box.top >= frame.top && box.bottom <= frame.bottom;
  });
  must(inSight, 'the evidence is in sight');
  await visit.shot('viewer');
  await visit.accessible('the viewer');

  // A word tells who read what.
  await page.locator('.page .is-evidence').first().click();
  const votes = page.locator('.chosen-word .votes');
  await votes.waitFor();
  const told = await votes.innerText();
  must(told.includes('Tesseract') && told.includes('PP-OCR') && told.includes('%'), told);
  await page.getByRole('button', { name: 'Close the word' }).click();
  // The same without pointing.
  await page.getByRole('button', { name: 'Words of the page' }).click();
  await page.locator('.text-word').first().focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await votes.waitFor();
  await visit.accessible('the words of a page');

  const width = () => page.locator('svg.page').evaluate((page) => page.clientWidth);
  const before = await width();
  await page.locator('.frame').focus();
  await page.keyboard.press('+');
  await page.keyboard.press('+');
  await comes(async () => (await width()) > 1.4 * before, `it zooms from ${before}`);
  const frame = await page.locator('.frame').boundingBox();
  const scroll = () => page.locator('.frame').evaluate((frame) => [frame.scrollLeft, frame.scrollTop]);
  let [left, top] = await scroll();
  await comes(async () => {
    const was = [left, top];
    [left, top] = await scroll();
    return was.join() === [left, top].join();
  }, 'the page comes to rest');
  await page.mouse.move(frame.x + 300, frame.y + 300);
  await page.mouse.down();
  await page.mouse.move(frame.x + 260, frame.y + 240, { steps: 4 });
  await page.mouse.up();
  await comes(async () => {
    const [toLeft, toTop] = await scroll();
    return toLeft - left === 40 && toTop - top === 60;
  }, `it pans from ${left}, ${top}`);
}

async function review(page) {
  await visit.go('review');
  const desk = page.getByRole('region', { name: 'Review desk' });
  await desk.waitFor();
  await page.locator('.crop image').first().waitFor();
  await page.waitForFunction(() => !document.querySelector('.crop.is-waiting'));
  await visit.accessible('the desk');
  await visit.shot('review');
  const risks = await get(page, '/v1/entities?needs_review=true&limit=1000');
  const left = async () => Number((await page.getByText(/\d+ left/).innerText()).match(/\d+/)[0]);
  const all = await left();
  must(all >= risks.entities.length && all > 3, `${all} of ${risks.entities.length} are shown`);
  const shown = () => page.locator('.case').getAttribute('data-entity');
  const patched = (entity) =>
    page
      .waitForResponse((answer) => answer.request().method() === 'PATCH' && answer.url().endsWith(entity))
      .then((answer) => answer.status());

  // What a doubtful value stands on comes first of what the engines differ on, and is in sight.
  const doubtful = await disputedValue(page, risks.entities);
  await page.locator('.queue button').nth(doubtful.place).click();
  await comes(async () => (await shown()) === doubtful.entity, 'it is looked at');
  await page.locator('.disputed summary').getByText(`The engines differ: “${doubtful.text}”`).waitFor();
  await page.locator('.crop .is-first').waitFor();
  await page.locator('.queue button').first().click();

  // Accepted, taken back, skipped and come back to.
  const first = await shown();
  await page.keyboard.press('a');
  await comes(async () => (await left()) === all - 1 && (await shown()) !== first, 'the next one comes');
  await page.keyboard.press('u');
  await comes(async () => (await left()) === all && (await shown()) === first, 'it is taken back');
  // Not the last one alone.
  await page.keyboard.press('a');
  await comes(async () => (await shown()) !== first, 'the next one comes once more');
  const second = await shown();
  await page.keyboard.press('a');
  await comes(async () => (await left()) === all - 2, 'two are decided');
  await page.keyboard.press('u');
  await comes(async () => (await shown()) === second, 'the second is taken back');
  await page.getByRole('button', { name: 'Undo (U)' }).click();
  await comes(async () => (await left()) === all && (await shown()) === first, 'and the first');
  await page.keyboard.press('s');
  await comes(async () => (await shown()) !== first, 'it is skipped');
  await page.keyboard.press('b');
  await comes(async () => (await shown()) === first, 'back at the first');

  // Corrected: the value is the person's, the words that prove it stay.
  const before = (await get(page, '/v1/entities?needs_review=true&limit=1000')).entities.find(
    (entity) => entity.entity_id === first,
  );
  must(before, 'nothing was told to the service yet');
  await page.keyboard.press('c');
  const name = () => page.evaluate(() => document.activeElement.name);
  await comes(name, 'a field is open');
  const field = await name();
  await page.keyboard.press('Control+A');
  await page.keyboard.type('12.5');
  await page.keyboard.press('Enter');
  await comes(async () => (await left()) === all - 1 && (await shown()) !== first, 'the next one comes again');
  const next = await shown();
  await page.keyboard.press('a');
  await comes(async () => (await left()) === all - 2, 'two are decided again');
  const leaving = Promise.all([patched(first), patched(next)]);
  await visit.go('documents');
  must((await leaving).join() === '200,200', 'both decisions are told when the desk is left');
  const document = await get(page, `/v1/documents/${before.document_id}`);
  const after = document.entities.find((entity) => entity.id === before.id);
  must(after[field] === '12.5' && !after.needs_review, `${field}: ${after[field]}`);
  must(after.words.join() === before.words.join(), 'the boxes are kept');
}

async function findings(page) {
  await visit.go('findings');
  await page.locator('.findings tbody tr').first().waitFor();
  await visit.accessible('findings');
  await page.getByLabel('Type').selectOption('lab');
  await page.getByLabel('Name').fill('sodium');
  const shown = page.locator('.findings tbody tr');
  await page.waitForFunction(() => {
    const rows = [...document.querySelectorAll('.findings tbody tr')];
    return rows.length > 0 && rows.every((row) => row.textContent.includes('Sodium'));
  });
  const count = await shown.count();
  await visit.shot('findings');
  const saved = async (name) => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name, exact: true }).click(),
    ]);
    return [download.suggestedFilename(), await readFile(await download.path(), 'utf8')];
  };
  const [csvName, csv] = await saved('CSV');
  const lines = csv.trim().split('\n');
  must(csvName === 'entities.csv' && lines.length === count + 1, `${csvName}: ${lines.length} lines`);
  must(lines.slice(1).every((line) => line.includes('Sodium')), 'the CSV is filtered');
  await page.locator('.toast').getByText('CSV saved').waitFor();
  const [, ndjson] = await saved('NDJSON');
  const objects = ndjson.trim().split('\n').map((line) => JSON.parse(line));
  must(objects.length === count, `${objects.length} objects`);
  await page.getByLabel('Name').fill('nothing is called so');
  await page.getByText('Nothing fits').waitFor();
  await visit.accessible('an empty table');
}

async function trends(page) {
  await visit.go('trends');
  await page.locator('.toast').waitFor({ state: 'detached', timeout: 2000 });
  await page.locator('.plot .point').first().waitFor();
  const sodium = page.locator('.plot-card', { hasText: 'Sodium' }).first();
  must((await sodium.locator('.band').count()) === 1, 'the range is drawn');
  must((await sodium.locator('.point').count()) >= 2, 'several values are drawn');
  const said = await sodium.locator('svg[role=img]').getAttribute('aria-label');
  must(/Sodium in mmol\/L: .* on /.test(said), said);
  await sodium.getByText('Values').click();
  await visit.accessible('trends');
  await visit.shot('trends');
}

async function chat(page) {
  await visit.go('chat');
  await page.getByRole('heading', { name: 'Ask about your documents' }).waitFor();
  await visit.accessible('an empty chat');
  const said = page.locator('.answered').last();
  const asks = async (question, outcome) => {
    await page.getByLabel('Question', { exact: true }).fill(question);
    await page.keyboard.press('Enter');
    await page.locator('.turn', { hasText: question }).locator(`.answered.is-${outcome}`).waitFor();
    await page.getByRole('button', { name: 'Ask', exact: true }).waitFor();
  };
  const about = page.getByLabel('About', { exact: true });
  const labs = about.locator('option', { hasText: LABS });
  await labs.waitFor({ state: 'attached' });
  await about.selectOption(await labs.getAttribute('value'));
  await asks('What was the sodium?', 'answered');
  must((await said.innerText()).includes('mmol/L'), 'the value stands in the answer');
  await asks('i cant breathe', 'emergency');
  await asks('Which surgeon removed the appendix?', 'not_found');
  await visit.accessible('a conversation');
  await visit.shot('chat');
  // What several sentences rest on is named once.
  await about.selectOption('');
  await asks('Can I drink alcohol with oxycodone?', 'answered');
  const cited = page.locator('.turn').last().locator('.sentence').first();
  must((await cited.locator('p').count()) > 2, 'the card says more than one thing');
  must((await cited.locator('.citations li').count()) === 1, 'the card is named once');
  await page.locator('.citations a').first().click();
  const marked = page.locator('.page .is-evidence');
  await marked.first().waitFor();
  const words = await marked.evaluateAll((all) => all.map((word) => word.dataset.word));
  const place = await page.evaluate(() => location.hash.split('/')[4]);
  must(words.sort().join() === decodeURIComponent(place).split(',').sort().join(), 'the cited words are marked');
  await visit.go('chat');
  const kept = page.locator('.chat-sessions li', { hasText: 'What was the sodium?' });
  await kept.getByRole('link').click();
  await page.locator('.turn', { hasText: 'i cant breathe' }).waitFor();
  await kept.getByRole('button').click();
  await kept.waitFor({ state: 'detached' });
}

async function admin(page) {
  await visit.go('admin');
  const dead = page.locator('section[aria-labelledby=dead]');
  await dead.getByRole('button', { name: 'Replay' }).waitFor();
  await visit.accessible('the service');
  await visit.shot('service');
  const { dead_letters } = await get(page, '/v1/admin/dead-letters');
  await dead.getByRole('button', { name: 'Replay' }).click();
  await page.getByText('No task was given up').waitFor();
  await visit.go('documents');
  const job = await get(page, `/v1/jobs/${dead_letters[0].job_id}`);
  await ended(page, job.file);
}

async function keys(page) {
  await visit.go('admin');
  const part = page.locator('section[aria-labelledby=keys]');
  const rows = part.locator('tbody tr');
  await rows.first().waitFor();
  const before = await rows.count();
  // Without a mouse.
  await part.getByLabel('For whom or what').focus();
  await page.keyboard.type('front desk');
  await part.getByLabel('Role').selectOption('reviewer');
  await part.getByLabel('Good for').selectOption('30');
  await part.getByRole('button', { name: 'Make a key' }).press('Enter');
  const made = await part.locator('.made-key code').innerText();
  must(/^mbk_\w+/.test(made), 'the key is shown');
  await visit.accessible('a new key');
  await visit.shot('keys');
  const row = rows.filter({ hasText: 'front desk' });
  await row.getByText('Good', { exact: true }).waitFor();
  must((await rows.count()) === before + 1, 'it stands in the table');
  const status = () =>
    page.evaluate(
      (key) =>
        fetch('/v1/entities', { credentials: 'omit', headers: { Authorization: `Bearer ${key}` } }).then(
          (answer) => answer.status,
        ),
      made,
    );
  must((await status()) === 200, 'the key is good');
  await part.getByRole('button', { name: 'Hide it' }).click();
  must(!(await page.content()).includes(made), 'it is shown once');

  // One's own key cannot be revoked here; another one's only by saying so twice.
  const own = rows.filter({ hasText: 'yours' });
  must((await own.getByRole('button').count()) === 0, "one's own key stays");
  await row.getByRole('button', { name: 'Revoke the key of front desk' }).click();
  await row.getByRole('button', { name: 'Keep' }).click();
  must((await status()) === 200, 'it is kept');
  await row.getByRole('button', { name: 'Revoke the key of front desk' }).click();
  await row.getByRole('button', { name: 'Revoke for good' }).click();
  await row.getByText('Revoked', { exact: true }).waitFor();
  must((await status()) === 401, 'the key is good no longer');
}

async function audit(page) {
  await visit.go('admin');
  const part = page.locator('section[aria-labelledby=audit]');
  const rows = part.locator('tbody tr');
  await part.getByRole('button', { name: 'Look again' }).click();
  await part.getByLabel('What').locator('option[value="key.remove"]').waitFor({ state: 'attached' });
  const seqs = await rows.locator('td:first-child').allInnerTexts();
  must(seqs.length > 10, `${seqs.length} lines`);
  must(
    seqs.every((seq, n) => n === 0 || Number(seq) === Number(seqs[n - 1]) - 1),
    'the newest come first, without a gap',
  );
  await part.getByLabel('What').selectOption('key.create');
  // The operator's commands leave lines too.
  const made = rows.filter({ hasNotText: 'operator' });
  await comes(
    async () => (await made.count()) === 1 && (await rows.count()) < seqs.length,
    'the one key that was made on the page',
  );
  await part.getByLabel('What').selectOption('');
  await part.getByLabel('Outcome').selectOption('refused');
  await comes(
    async () => (await rows.allInnerTexts()).every((line) => line.includes('refused')),
    'what was refused alone',
  );
  must((await rows.count()) > 0, 'the wrong key at the beginning was refused');
  await part.getByLabel('Outcome').selectOption('');
  await part.getByRole('button', { name: 'Verify the chain' }).click();
  await part.getByText(/Intact, \d+ lines/).waitFor();
  await visit.accessible('the log');
  await part.scrollIntoViewIfNeeded();
  await visit.shot('audit');
}

async function opensQuickly(page) {
  await visit.go('documents');
  await ended(page, 'long.pdf');
  const times = [];
  for (let round = 0; round < 3; round += 1) {
    await visit.go('documents');
    await row(page, 'long.pdf').waitFor();
    const took = await page.evaluate(async (id) => {
      const begun = performance.now();
      location.hash = `#/documents/${id}`;
      const isOpen = () =>
        document.querySelector('.fact-line, .viewer .quiet-line') &&
        document.querySelector('svg.page') &&
        !document.querySelector('.frame-wait');
      while (!isOpen()) await new Promise(requestAnimationFrame);
      return performance.now() - begun;
    }, long);
    times.push(Math.round(took));
  }
  console.log(`page: 20 pages open in ${times.join(', ')} ms`);
  must(Math.min(...times) < 1000, `opening takes ${times.join(', ')} ms`);
  await page.getByText('Page 1 of 20').waitFor();
  await page.locator('.frame').focus();
  await page.keyboard.press('PageDown');
  await page.getByText('Page 2 of 20').waitFor();
  await page.waitForFunction(() => !document.querySelector('.frame-wait'));
}

async function forged(page) {
  const status = (headers) =>
    page.evaluate(
      (headers) => fetch('/v1/session', { method: 'DELETE', headers }).then((answer) => answer.status),
      headers,
    );
  const refusals = visit.accusations.length;
  must((await status({})) === 403, 'without the token nothing is changed');
  must((await status({ 'X-CSRF-Token': 'guessed' })) === 403, 'nor with a wrong one');
  const mark = await page.evaluate(() => fetch('/v1/session').then((answer) => answer.status));
  must(mark === 200, 'the session goes on');
  // These two refusals are the point.
  visit.accusations.splice(refusals);
}

async function signOut(page) {
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('API key').waitFor();
  must((await visit.context.cookies()).length === 0, 'the cookie is gone');
}

async function everyView(name) {
  const { page } = visit;
  await page.goto(url);
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  const labs = row(page, LABS);
  await labs.waitFor();
  await visit.accessible(`documents, ${name}`);
  await visit.shot(`documents-${name}`);
  await labs.getByRole('link').first().click();
  await page.locator('.fact-line').first().click();
  await page.waitForFunction(() => !document.querySelector('.frame-wait'));
  await visit.accessible(`the viewer, ${name}`);
  await visit.shot(`viewer-${name}`);
  for (const [place, ready] of [
    ['review', '.crop:not(.is-waiting) image'],
    ['findings', '.findings tbody tr'],
    ['trends', '.plot .point'],
    ['chat', '.chat-form'],
    ['admin', '.tile'],
  ]) {
    await visit.go(place);
    await page.locator(ready).first().waitFor();
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    must(!wide, `${place} is wider than the screen`);
    await visit.accessible(`${place}, ${name}`);
    await visit.shot(`${place}-${name}`);
    if (place === 'review') {
      await showsWhatIsDisputed(page);
      await decidesAgain(page, name);
    }
    if (place === 'chat') await asksBelow(page, name);
    if (place === 'findings') {
      const clipped = await page.locator('.findings td:not(:empty)').evaluateAll((cells) =>
        cells.filter((cell) => cell.getBoundingClientRect().right > innerWidth).map((cell) => cell.innerText),
      );
      must(clipped.length === 0, `cells are cut off: ${clipped.join('; ')}`);
    }
  }
  for (const part of ['keys', 'audit']) {
    const section = page.locator(`section[aria-labelledby=${part}]`);
    await section.locator('tbody tr').first().waitFor();
    await section.evaluate((section) => section.scrollIntoView());
    await visit.shot(`${part}-${name}`);
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  must(!wide, 'the service is wider than the screen');
  await visit.accessible(`keys and log, ${name}`);
}

/** A lab value in doubt on whose own word the engines differ, beside another on which they do, and its place. */
async function disputedValue(page, entities) {
  const ids = await page.locator('.queue button').evaluateAll((buttons) =>
    buttons.map((button) => button.dataset.entity),
  );
  for (const entity of entities) {
    if (!entity.reasons.some((reason) => reason.includes('the value'))) continue;
    const document = await get(page, `/v1/documents/${entity.document_id}`);
    const words = document.pages[entity.page].lines
      .flatMap((line) => line.words)
      .filter((word) => entity.words.includes(word.id) && word.votes.some((vote) => vote.text !== word.text));
    const own = words.find((word) => word.text.replace(/[*,;:]+$/, '') === entity.value);
    if (own) return { entity: entity.entity_id, place: ids.indexOf(entity.entity_id), text: own.text };
  }
  throw new Error('the engines differ on no doubtful value');
}

/** The whole word on which the engines differ is in sight, without moving the scan. */
async function showsWhatIsDisputed(page) {
  const disputed = page.locator('.queue button', { hasText: 'Lab value' });
  for (let n = 0; n < Math.min(3, await disputed.count()); n += 1) {
    await disputed.nth(n).click();
    await page.locator('.crop:not(.is-waiting) image').first().waitFor();
    const inSight = await page.locator('.crop').evaluate((crop) => {
      const mark = crop.querySelector('.is-first');
      if (!mark) return true;
      const [word, frame] = [mark, crop].map((part) => part.getBoundingClientRect());
      return word.left >= frame.left && word.right <= frame.right;
    });
    must(inSight, 'what is disputed is in sight');
  }
  await page.locator('.queue button').first().click();
}

/** Asks until there is more than fits, and can still ask: nothing lies upon the question. */
async function asksBelow(page, name) {
  const ask = page.getByRole('button', { name: 'Ask', exact: true });
  for (const question of ['Can I drink alcohol with oxycodone?', 'What was the sodium?']) {
    await page.getByLabel('Question', { exact: true }).fill(question);
    await page.keyboard.press('Enter');
    await page.locator('.turn', { hasText: question }).locator('.answered').waitFor();
    await ask.waitFor();
  }
  await page.evaluate(() => scrollTo(0, 0));
  const hit = await page.getByLabel('Question', { exact: true }).evaluate((field) => {
    const box = field.getBoundingClientRect();
    return document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2) === field;
  });
  must(hit, `the question cannot be reached, ${name}`);
  await visit.accessible(`a conversation, ${name}`);
  await visit.shot(`conversation-${name}`);
}

/** Decides by pointing, where nothing lies upon the buttons, and takes it back. */
async function decidesAgain(page, name) {
  const left = () => page.getByText(/\d+ left/).innerText();
  const before = await left();
  await page.getByRole('button', { name: 'Accept' }).click();
  await comes(async () => (await left()) !== before, 'it is accepted');
  const [toast, actions] = await Promise.all(
    ['.toast', '.review-actions'].map((part) => page.locator(part).boundingBox()),
  );
  const apart = toast.y + toast.height <= actions.y || actions.y + actions.height <= toast.y;
  must(apart, `what was said lies upon the decisions: ${JSON.stringify({ toast, actions })}`);
  await visit.accessible(`a decision, ${name}`);
  await visit.shot(`decided-${name}`);
  await page.getByRole('button', { name: 'Undo (U)' }).click();
  await comes(async () => (await left()).startsWith(before.split(',')[0]), 'it is taken back');
}

/** What the API says to this page. */
function get(page, path) {
  return page.evaluate((path) => fetch(path).then((answer) => answer.json()), path);
}

/** The document that the page shows. */
function openDocument(page) {
  return page.evaluate(() => location.hash.split('/')[2]);
}
