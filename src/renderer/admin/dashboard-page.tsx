import type { ReactElement } from 'react';
import { TipLayer } from '../ui/tip-layer.tsx';
import { LoginPage } from './session/login-page.tsx';
import { useSession } from './session/session-store.ts';
import { SetupPage } from './session/setup-page.tsx';
import { CheckingPage, UnreachablePage } from './session/waiting-pages.tsx';
import { Announcer } from './shell/announcer.tsx';
import { Layout } from './shell/layout.tsx';
import '../app.css';
import './shell/shell.css';

/** The whole page: what is shown to whom. */
export function DashboardPage(): ReactElement {
  return (
    <>
      <Shown />
      <Announcer />
      <TipLayer />
    </>
  );
}

function Shown(): ReactElement {
  const session = useSession((state) => state.session);
  switch (session.phase) {
    case 'checking':
      return <CheckingPage />;
    case 'unreachable':
      return <UnreachablePage sentence={session.sentence} />;
    case 'setup':
      return <SetupPage code={session.code} />;
    case 'login':
      return <LoginPage sentence={session.sentence} name={session.name} />;
    case 'inside':
      return <Layout account={session.grant.account} />;
  }
}
