import type { Diagnostics } from '../../contract/diagnostics.ts';
import type { AppState, Stats } from '../../contract/dto.ts';
import type { CommandHandlers, Outcome } from '../../contract/ipc.ts';
import { DEFAULT_PORT } from '../../core/wire/control.ts';
import { parseJoinTarget } from '../../core/wire/invite.ts';
import type { Bindings } from './bindings.ts';
import type { Devices } from './devices.ts';
import type { Hosting } from './hosting.ts';
import type { Notices } from './notices.ts';
import { createOwnCommands } from './own-commands.ts';
import type { BookmarksPort, IdentityPort, SettingsPort } from './ports.ts';
import type { Processing } from './processing.ts';
import type { Room } from './room.ts';
import { createRoomCommands } from './room-commands.ts';
import type { Testing } from './testing.ts';
import { createTestingCommands } from './testing-commands.ts';
import type { Transmission } from './transmission.ts';
import { type Checked, DONE, refuse, Typed } from './typed.ts';

export interface CommandParts {
  readonly getState: () => AppState;
  readonly getStats: () => Stats;
  readonly getDiagnostics: () => Diagnostics;
  readonly debug: boolean;
  readonly settings: SettingsPort;
  readonly room: Room;
  readonly bindings: Bindings;
  readonly bookmarks: BookmarksPort;
  readonly identity: () => IdentityPort;
  /** Opens an address in the system's browser. */
  readonly openLink: (url: string) => void;
  readonly hosting: Hosting;
  readonly transmission: Transmission;
  readonly devices: Devices;
  readonly processing: Processing;
  readonly testing: Testing;
  readonly notices: Notices;
  readonly announce: () => void;
  /** Counts an input that was refused, by its reason. */
  readonly countRefusal: (reason: string) => void;
}

function blockThread(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

/** Entering and leaving rooms. */
function doorCommands(
  parts: CommandParts,
): Pick<CommandHandlers, 'join' | 'leave' | 'host' | 'stopHosting' | 'openDashboard' | 'setInviteAddress'> {
  const { hosting, settings, countRefusal } = parts;
  const { call } = parts.room;

  const typed = new Typed(countRefusal);

  const takeNickname = (text: string): Checked<string> => {
    const nickname = typed.nickname(text);
    if (nickname.ok && settings.current.nickname !== nickname.value)
      settings.update({ nickname: nickname.value });
    return nickname;
  };

  return {
    async join({ target, nickname, password }) {
      const name = takeNickname(nickname);
      const checked = typed.password(password);
      if (!name.ok) return name;
      if (!checked.ok) return checked;
      const parsed = parseJoinTarget(target);
      if (parsed.ok) return call.join(parsed.target, name.value, password);
      return typed.refuse(`joinTarget.${parsed.reason}`, parsed.sentence);
    },
    async leave() {
      call.leave();
      return DONE;
    },
    async host({ roomName, nickname, address, port }) {
      const name = takeNickname(nickname);
      const room = typed.name(roomName, 'the room');
      if (!name.ok) return name;
      if (!room.ok) return room;
      const started = await hosting.start(room.value, port ?? DEFAULT_PORT, address);
      if (!started.ok) countRefusal('host');
      const own = hosting.ownTarget;
      return started.ok && own !== null ? call.join(own, name.value, null) : started;
    },
    async stopHosting() {
      const own = hosting.ownTarget;
      if (own !== null && call.isAt(own)) call.leave();
      await hosting.stop();
      return DONE;
    },
    async openDashboard() {
      const dashboard = await hosting.dashboardLink();
      if (!dashboard.ok) return dashboard;
      if (parts.getState().shell === 'browser') return dashboard;
      parts.openLink(dashboard.link);
      return { ok: true, link: null };
    },
    async setInviteAddress({ address }) {
      return hosting.setAddress(address);
    },
  };
}

/** One function per command of the contract. */
export function createCommandHandlers(parts: CommandParts): CommandHandlers {
  const { transmission, bindings, devices, settings, notices, processing } = parts;
  const setState = (): Outcome => {
    parts.room.call.setState(transmission.muted, transmission.deafened);
    return DONE;
  };
  return {
    ...doorCommands(parts),
    ...createRoomCommands(parts),
    ...createOwnCommands(parts),
    ...createTestingCommands(parts.testing, parts.countRefusal),
    getState: async () => parts.getState(),
    getStats: async () => parts.getStats(),
    getDiagnostics: async () => parts.getDiagnostics(),
    async setMuted({ muted }) {
      transmission.setMuted(muted);
      return setState();
    },
    async setDeafened({ deafened }) {
      transmission.setDeafened(deafened);
      return setState();
    },
    async setActivation({ activation }) {
      transmission.setActivation(activation);
      return DONE;
    },
    async setGateThreshold({ thresholdDb }) {
      transmission.setThreshold(thresholdDb);
      return DONE;
    },
    async setTalkButton({ down }) {
      transmission.setButton(down);
      return DONE;
    },
    async captureBinding({ capturing }) {
      bindings.setCapturing({ kind: 'pushToTalk' }, capturing);
      return DONE;
    },
    async clearBinding() {
      bindings.set({ kind: 'pushToTalk' }, null);
      return DONE;
    },
    async selectDevice({ side, id }) {
      settings.update(side === 'input' ? { inputId: id } : { outputId: id });
      devices.select(side, id);
      parts.announce();
      return DONE;
    },
    async refreshDevices() {
      devices.refresh();
      return DONE;
    },
    async setProcessing(wanted) {
      processing.setSettings(wanted);
      return DONE;
    },
    async setTalkTiming(timing) {
      processing.setTiming(timing);
      return DONE;
    },
    async setHearYourself({ on }) {
      transmission.setSelfTest(on);
      return DONE;
    },
    async dismissNotice({ id }) {
      notices.dismiss(id);
      parts.announce();
      return DONE;
    },
    async blockMainThread({ milliseconds }) {
      if (!parts.debug)
        return refuse('Blocking the main thread is for debugging: start with SIDETONE_DEBUG=1.');
      blockThread(milliseconds);
      return DONE;
    },
  };
}
