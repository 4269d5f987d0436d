// Signing in by an identity provider, in a real browser: organisation.mjs URL PROVIDER SHOTS
//
// PROVIDER, of another site than URL, lets everybody in at once. ingest/tests/page/organisation.rs prepares that.

import { DESK, must, Visit } from './browser.mjs';

const [url, provider, shots] = process.argv.slice(2);

const visit = await Visit.begin(url, shots);
visit.elsewhere.push(provider);
try {
  await visit.open(DESK);
  await visit.step('signing in by the organisation', signIn);
  await visit.step('signing out', signOut);
  await visit.step('what went wrong is a page', goneWrong);
} finally {
  await visit.end();
}

async function signIn(page) {
  await page.goto(url);
  const link = page.getByRole('link', { name: 'Sign in with your organisation' });
  await link.waitFor();
  await visit.accessible('signing in, with a provider');
  await visit.shot('sign-in-organisation');
  await link.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Documents', exact: true }).waitFor();
  must(page.url() === `${url}/`, `no code stays in the address: ${page.url()}`);
  await page.getByText('Signed in as reviewer').waitFor();
  const cookies = await visit.context.cookies();
  must(
    cookies.map(({ name, sameSite }) => `${name} ${sameSite}`).join() === 'medbot_session Strict',
    `one cookie is left: ${JSON.stringify(cookies.map(({ name }) => name))}`,
  );
  await page.reload();
  await page.getByRole('heading', { name: 'Documents', exact: true }).waitFor();
}

async function signOut(page) {
  const atProvider = page.waitForRequest((request) => request.url().startsWith(`${provider}/end?`));
  await page.getByRole('button', { name: 'Sign out' }).click();
  await atProvider;
  await page.getByLabel('API key').waitFor();
  must(page.url() === `${url}/`, `back on the page: ${page.url()}`);
}

async function goneWrong(page) {
  await page.goto(`${url}/v1/sign-in/callback?state=made-up&code=made-up`);
  await page.getByRole('heading', { name: 'The sign-in failed' }).waitFor();
  await visit.accessible('a sign-in that failed');
  await visit.shot('sign-in-failed');
  await page.getByRole('link', { name: 'Back to medbot' }).click();
  await page.getByLabel('API key').waitFor();
}
