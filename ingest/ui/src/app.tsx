// The frame: who is signed in, what they may see, and the view of the place they are at.

import { useEffect, useRef } from 'preact/hooks';
import { session, signOut, whoAmI } from './api/client';
import { follow, jobs, unfollow } from './api/jobs';
import type { Role } from './api/types';
import { useAsked } from './parts/asked';
import { Icon, type IconName } from './parts/icon';
import { Failure, Loading } from './parts/states';
import { say, Toast } from './parts/toast';
import icon from './icon.svg';
import { place, to } from './router';
import { nextTheme, theme } from './theme';
import { Admin } from './views/admin';
import { Chat } from './views/chat';
import { Documents } from './views/documents';
import { Findings } from './views/findings';
import { Review } from './views/review';
import { SignIn } from './views/sign-in';
import { Trends } from './views/trends';
import { Viewer } from './views/viewer';

interface View {
  path: string;
  label: string;
  icon: IconName;
  roles: Role[];
  show: (rest: string[]) => preact.JSX.Element;
}

/** The views, in the order of the menu. A new one is a file and a line. */
const VIEWS: View[] = [
  {
    path: 'documents',
    label: 'Documents',
    icon: 'documents',
    roles: ['uploader', 'reviewer', 'analyst', 'admin'],
    show: ([document, entity, words]) =>
      document ? (
        <Viewer key={words ? `${document}/${words}` : document} id={document} entity={entity} words={words} />
      ) : (
        <Documents />
      ),
  },
  {
    path: 'review',
    label: 'Review',
    icon: 'review',
    roles: ['reviewer', 'admin'],
    show: ([document]) => <Review document={document} />,
  },
  {
    path: 'findings',
    label: 'Findings',
    icon: 'findings',
    roles: ['reviewer', 'analyst', 'admin'],
    show: () => <Findings />,
  },
  {
    path: 'trends',
    label: 'Trends',
    icon: 'trends',
    roles: ['reviewer', 'analyst', 'admin'],
    show: () => <Trends />,
  },
  {
    path: 'chat',
    label: 'Chat',
    icon: 'chat',
    roles: ['reviewer', 'analyst', 'admin'],
    show: ([session]) => <Chat id={session} />,
  },
  { path: 'admin', label: 'Service', icon: 'admin', roles: ['admin'], show: () => <Admin /> },
];

export function App() {
  const { problem, again } = useAsked(whoAmI, []);
  const known = session.value;
  if (problem && !known) {
    return (
      <main class="alone">
        <Failure problem={problem} retry={again} />
      </main>
    );
  }
  if (known === undefined) {
    return (
      <main class="alone">
        <Loading what="medbot" />
      </main>
    );
  }
  return (
    <>
      {known === null ? <SignIn /> : <Shell role={known.role} canLeave={known.csrf_token !== null} />}
      <Toast />
    </>
  );
}

function Shell({ role, canLeave }: { role: Role; canLeave: boolean }) {
  useEffect(() => {
    follow();
    return unfollow;
  }, []);
  const views = VIEWS.filter(({ roles }) => roles.includes(role));
  const [path, ...rest] = place.value;
  const view = views.find((view) => view.path === path) ?? views[0]!;
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const where = place.value.slice(0, 2).join('/');
  useEffect(() => {
    document.title = `${view.label} · medbot`;
    // Who reads by ear or keyboard begins anew with each view; the first is where they are already.
    if (!isFirst.current) main.current?.focus();
    isFirst.current = false;
  }, [where]);
  const toReview = jobs.value?.filter((job) => job.state === 'needs_review').length ?? 0;
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={(event) => skip(event, main.current)}>
        Skip to the content
      </a>
      <header class="side">
        <a class="brand" href={to('documents')}>
          <img src={icon} alt="" width="28" height="28" />
          <span>medbot</span>
        </a>
        <nav aria-label="Views">
          {views.map(({ path, label, icon }) => (
            <a href={to(path)} aria-current={path === view.path ? 'page' : undefined}>
              <Icon name={icon} />
              <span>{label}</span>
              {path === 'review' && toReview > 0 && (
                <span class="count" aria-label={`${toReview} documents to review`}>
                  {toReview}
                </span>
              )}
            </a>
          ))}
        </nav>
        <div class="side-end">
          <ThemeButton />
          {canLeave && (
            <button type="button" class="button is-bare" onClick={leave}>
              <Icon name="exit" />
              <span class="side-words">Sign out</span>
            </button>
          )}
          <p class="side-words role">Signed in as {role}</p>
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {view.show(rest)}
      </main>
    </div>
  );
}

function skip(event: Event, main: HTMLElement | null): void {
  event.preventDefault();
  main?.focus();
}

function leave(): void {
  signOut().catch(() => say('You could not be signed out. Try again.'));
}

function ThemeButton() {
  const icon = { system: 'auto', light: 'sun', dark: 'moon' } as const;
  const label = `Colours: ${theme.value}`;
  return (
    <button type="button" class="button is-bare" onClick={nextTheme} aria-label={label} title={label}>
      <Icon name={icon[theme.value]} />
      <span class="side-words">{label}</span>
    </button>
  );
}
