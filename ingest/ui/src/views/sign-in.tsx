// Signing in by the site's identity provider, where there is one, or with an API key. The key goes to the service
// once and is kept nowhere in the page.

import { useState } from 'preact/hooks';
import { ApiProblem, signIn, waysIn } from '../api/client';
import icon from '../icon.svg';
import { useAsked } from '../parts/asked';
import { told } from '../parts/states';

export function SignIn() {
  const [key, setKey] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const ways = useAsked(waysIn, []).value;
  const hasProvider = ways?.includes('provider') ?? false;

  async function submit(event: Event) {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      await signIn(key);
    } catch (problem) {
      setProblem(problem);
      setBusy(false);
    }
  }

  return (
    <main class="alone">
      <form class="card sign-in" onSubmit={submit}>
        <img src={icon} alt="" width="44" height="44" />
        <h1>Sign in to medbot</h1>
        {hasProvider && (
          <a class="button is-primary" href="/v1/sign-in">
            Sign in with your organisation
          </a>
        )}
        <p class="muted">
          {hasProvider ? 'Or with' : 'With'} an API key of your clinic. The administrator’s first key lies in <code>admin.key</code>{' '}
          in the service’s data folder.
        </p>
        <label for="key">API key</label>
        <input
          id="key"
          type="password"
          autocomplete="current-password"
          spellcheck={false}
          required
          value={key}
          onInput={(event) => setKey(event.currentTarget.value)}
          aria-invalid={problem !== undefined}
          aria-describedby={problem ? 'sign-in-problem' : undefined}
        />
        {problem !== undefined && (
          <p class="field-problem" id="sign-in-problem" role="alert">
            {wrong(problem)}
          </p>
        )}
        <button class={hasProvider ? 'button' : 'button is-primary'} disabled={isBusy}>
          {isBusy ? 'Signing in …' : hasProvider ? 'Sign in with the key' : 'Sign in'}
        </button>
      </form>
    </main>
  );
}

function wrong(problem: unknown): string {
  if (problem instanceof ApiProblem && problem.status === 401) {
    return 'This key is not good here. Check it, or ask your administrator for a new one.';
  }
  const { title, detail } = told(problem);
  return `${title}: ${detail}`;
}
