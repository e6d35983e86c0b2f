import { describe, expect, it } from 'vitest';
import { Systemd } from './systemd.ts';

function rig(environment: NodeJS.ProcessEnv, can = true) {
  const sent: string[] = [];
  let failures = 0;
  const systemd = new Systemd({
    environment,
    pid: 7,
    notify: (text) => {
      sent.push(text);
      return can;
    },
    onDidFail: () => {
      failures += 1;
    },
  });
  return { systemd, sent, failures: () => failures };
}

const NOTIFY_SOCKET = '/nowhere/notify';

describe('Systemd', () => {
  it('says what sd_notify asks for', () => {
    const { systemd, sent } = rig({ NOTIFY_SOCKET });
    systemd.ready('Open.');
    systemd.alive();
    systemd.reloading();
    systemd.stopping('Bye.');
    expect(sent[0]).toBe('READY=1\nSTATUS=Open.');
    expect(sent[1]).toBe('WATCHDOG=1');
    expect(sent[2]).toMatch(/^RELOADING=1\nMONOTONIC_USEC=[1-9]\d*$/);
    expect(sent[3]).toBe('STOPPING=1\nSTATUS=Bye.');
  });

  it('keeps quiet where there is no service manager', () => {
    const { systemd, sent } = rig({ WATCHDOG_USEC: '1000000' });
    systemd.ready('Open.');
    expect(sent).toEqual([]);
    expect(systemd.watchdogMs).toBeNull();
  });

  it.each([
    [{ WATCHDOG_USEC: '30000000' }, 15_000],
    [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, 15_000],
    [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, null],
    [{ WATCHDOG_USEC: '0' }, null],
    [{ WATCHDOG_USEC: 'often' }, null],
    [{}, null],
  ])('feeds the watchdog twice as often as it bites: %j', (environment, intervalMs) => {
    expect(rig({ NOTIFY_SOCKET, ...environment }).systemd.watchdogMs).toBe(intervalMs);
  });

  it("tells once that neither the addon nor systemd's program could send", async () => {
    const { systemd, failures } = rig({ NOTIFY_SOCKET }, false);
    const path = process.env.PATH;
    process.env.PATH = '/nowhere';
    try {
      systemd.ready('Open.');
      systemd.alive();
      await systemd.flush();
    } finally {
      process.env.PATH = path;
    }
    expect(failures()).toBe(1);
  });
});
