import { type ReactElement, type ReactNode, useEffect, useRef } from 'react';
import type { Account, AdminRoom } from '../../../contract/admin.ts';
import { ThemeToggle } from '../../features/theme/theme-toggle.tsx';
import { Icon, type IconName, Logo } from '../../ui/icons.tsx';
import { useDelayed } from '../../ui/use-delayed.ts';
import { AuditScreen } from '../audit/audit-screen.tsx';
import { BansScreen } from '../bans/bans-screen.tsx';
import { ChannelsScreen } from '../channels/channels-screen.tsx';
import { ListenersScreen } from '../listeners/listeners-screen.tsx';
import { RolesScreen } from '../roles/roles-screen.tsx';
import { RoomScreen } from '../room/room-screen.tsx';
import { SettingsScreen } from '../settings/settings-screen.tsx';
import { useDashboard } from '../state/dashboard.ts';
import { useRoom } from '../state/room-store.ts';
import { hashOf, type Screen, screens, useScreen } from '../state/route.ts';
import { StressScreen } from '../stress/stress-screen.tsx';
import { TrafficScreen } from '../traffic/traffic-screen.tsx';

const entries: Record<Screen, { readonly label: string; readonly icon: IconName }> = {
  room: { label: 'Room', icon: 'people' },
  channels: { label: 'Channels', icon: 'channel' },
  listeners: { label: 'Listeners', icon: 'ear' },
  roles: { label: 'Roles and accounts', icon: 'badge' },
  bans: { label: 'Bans', icon: 'ban' },
  traffic: { label: 'Traffic', icon: 'gauge' },
  stress: { label: 'Stress test', icon: 'pulse' },
  audit: { label: 'Audit log', icon: 'list' },
  settings: { label: 'Settings', icon: 'sliders' },
};

/** The dashboard of somebody who is logged in. */
export function Layout({ account }: { account: Account }): ReactElement {
  const screen = useScreen();
  const room = useRoom((state) => state.room);
  return (
    <div className="dash">
      <TopBar account={account} room={room} />
      <div className="dash-body">
        <nav className="dash-nav scrolls" aria-label="Screens">
          <ul>
            {screens.map((one) => (
              <li key={one}>
                <a
                  className="dash-link"
                  href={hashOf(one)}
                  data-testid={`nav-${one}`}
                  aria-current={one === screen ? 'page' : false}
                >
                  <Icon name={entries[one].icon} />
                  {entries[one].label}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <main className="dash-main">
          <StreamBanner />
          <ScreenFrame key={screen} screen={screen} title={entries[screen].label}>
            {room === null ? <Waiting /> : <Shown screen={screen} room={room} account={account} />}
          </ScreenFrame>
        </main>
      </div>
    </div>
  );
}

function TopBar({ account, room }: { account: Account; room: AdminRoom | null }): ReactElement {
  const { keeper } = useDashboard();
  const live = useRoom((state) => state.stream.kind === 'live');
  const name = room?.name ?? '';
  return (
    <header className="app-bar" data-phase={live ? 'connected' : 'connecting'}>
      <Logo />
      <span className="wordmark">Sidetone</span>
      <bdi className="dash-room" title={name} data-testid="room-name">
        {name}
      </bdi>
      <p className="phase" role="status" data-testid="stream-status">
        <span className="lamp" data-tone={live ? 'good' : 'live'} />
        {live ? 'Live' : 'Connecting…'}
      </p>
      <span className="dash-account">
        <bdi>{account.name}</bdi>
        <button
          type="button"
          className="button"
          data-size="small"
          data-testid="log-out"
          onClick={() => keeper.logOut()}
        >
          Log out
        </button>
      </span>
      <ThemeToggle />
      <span className="dial" aria-hidden="true" />
    </header>
  );
}

/** A break shorter than this is not worth a word, in ms. */
const GRACE_MS = 700;

/** Says that what is shown may be old, and why. Its place is kept free: nothing jumps when it comes. */
function StreamBanner(): ReactElement {
  const stream = useRoom((state) => state.stream);
  const { stream: follower } = useDashboard();
  const told = useDelayed(stream.kind === 'lost', GRACE_MS);
  const sentence = stream.kind === 'lost' ? stream.sentence : '';
  return (
    <div className="dash-banner" role="alert" data-testid="stream-banner">
      {told ? (
        <div className="dash-banner-box">
          <span className="lamp" data-tone="bad" />
          <p>
            The connection to the relay is lost; what you see is from before. Trying again…
            {sentence === '' ? '' : ` ${sentence}`}
          </p>
          <button
            type="button"
            className="button"
            data-size="small"
            data-testid="stream-retry"
            onClick={() => follower.tryNow()}
          >
            Try now
          </button>
        </div>
      ) : null}
    </div>
  );
}

function Waiting(): ReactElement {
  const slow = useDelayed(true, GRACE_MS);
  return (
    <p className="empty" role="status" aria-busy="true">
      {slow ? 'Waiting for the relay to tell about the room…' : ''}
    </p>
  );
}

/** The first screen of a visit must not take the focus; those that follow must, or a screen reader stays behind. */
let visited = false;

function ScreenFrame(props: { screen: Screen; title: string; children: ReactNode }): ReactElement {
  const { screen, title, children } = props;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Sidetone administration`;
    if (visited) heading.current?.focus();
    visited = true;
  }, [title]);
  return (
    <div className="screen scrolls" data-testid={`screen-${screen}`} data-screen={screen}>
      <h1 ref={heading} tabIndex={-1} className="screen-title">
        {title}
      </h1>
      {children}
    </div>
  );
}

function Shown(props: { screen: Screen; room: AdminRoom; account: Account }): ReactElement {
  const { screen, room, account } = props;
  switch (screen) {
    case 'room':
      return <RoomScreen room={room} account={account} />;
    case 'channels':
      return <ChannelsScreen room={room} account={account} />;
    case 'listeners':
      return <ListenersScreen room={room} account={account} />;
    case 'roles':
      return <RolesScreen room={room} account={account} />;
    case 'bans':
      return <BansScreen room={room} />;
    case 'traffic':
      return <TrafficScreen />;
    case 'stress':
      return <StressScreen room={room} account={account} />;
    case 'audit':
      return <AuditScreen room={room} />;
    case 'settings':
      return <SettingsScreen room={room} account={account} />;
  }
}
