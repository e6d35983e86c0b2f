/**
 * What the choice of a shell looks at.
 *
 * @typedef {{
 *   platform: NodeJS.Platform,
 *   env: NodeJS.ProcessEnv,
 *   userId: number | undefined,
 *   electronPath: string | null,
 *   fetchProblem: string | null,
 *   sandboxProblem: string | null,
 * }} Machine
 */

/**
 * Whether windows can be shown.
 *
 * @param {Pick<Machine, 'platform' | 'env'>} machine
 */
export function hasDisplay({ platform, env }) {
  return platform !== 'linux' || Boolean(env['DISPLAY'] || env['WAYLAND_DISPLAY']);
}

/**
 * Why Electron cannot run here however much of it is installed, or null.
 *
 * @param {Pick<Machine, 'platform' | 'env' | 'userId'>} machine
 * @returns {string | null}
 */
export function electronObstacle({ platform, env, userId }) {
  if (!hasDisplay({ platform, env })) return 'there is no display';
  if (platform === 'linux' && userId === 0) return 'Electron runs as root only without its sandbox';
  return null;
}

/**
 * Electron where it can run, else the browser shell with the reason.
 *
 * @param {Machine} machine
 * @returns {{ shell: 'electron', path: string } | { shell: 'browser', reason: string }}
 */
export function chooseShell(machine) {
  const reason = electronObstacle(machine);
  if (reason !== null) return { shell: 'browser', reason };
  if (machine.electronPath === null) {
    return { shell: 'browser', reason: machine.fetchProblem ?? "Electron's program is not installed" };
  }
  if (machine.sandboxProblem !== null) return { shell: 'browser', reason: machine.sandboxProblem };
  return { shell: 'electron', path: machine.electronPath };
}
