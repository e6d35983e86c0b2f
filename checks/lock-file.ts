/** The part of an entry of package-lock.json that is read or written here. */
interface LockEntry {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

export interface LockFile {
  packages: Record<string, LockEntry>;
}

/** A binary for another platform that a package asks for and the lock file does not have. */
export interface MissingBinary {
  readonly name: string;
  readonly version: string;
  readonly dev: boolean;
}

/**
 * Binaries for other platforms that the lock file lacks.
 *
 * npm leaves out what its registry did not have at the moment of writing, and then `npm ci` refuses the file.
 */
export function missingBinaries(lock: LockFile): MissingBinary[] {
  return Object.entries(lock.packages).flatMap(([path, entry]) =>
    Object.entries(entry.optionalDependencies ?? {})
      .filter(([name]) => !isLocked(lock, path, name))
      .map(([name, version]) => ({ name, version, dev: entry.dev === true })),
  );
}

/**
 * Adds the missing binaries. They carry no checksum, as nothing here has seen them; everything else keeps its own.
 *
 * @throws Error where a name does not say its platform, or a version is a range
 */
export function completeLock(lock: LockFile): LockFile {
  const packages = { ...lock.packages };
  for (const { name, version, dev } of missingBinaries(lock)) {
    if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Error(`${name}@${version} is no exact version`);
    packages[`node_modules/${name}`] = {
      version,
      ...(dev ? { dev } : {}),
      optional: true,
      ...platformOf(name),
    };
  }
  const sorted = Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
  return { ...lock, packages: Object.fromEntries(sorted) };
}

function isLocked(lock: LockFile, path: string, name: string): boolean {
  return [`${path}/node_modules/${name}`, `node_modules/${name}`].some((place) => place in lock.packages);
}

const PLATFORMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const PROCESSORS = ['arm64', 'arm', 'ia32', 'ppc64', 'riscv64', 's390x', 'x64'];

/** Binaries are named after the platform they are for: `…-linux-x64-musl`. */
function platformOf(name: string): Pick<LockEntry, 'os' | 'cpu' | 'libc'> {
  const parts = name.split(/[-/]/);
  const os = PLATFORMS.find((platform) => parts.includes(platform));
  const cpu = PROCESSORS.find((processor) => parts.includes(processor));
  if (os === undefined || cpu === undefined) throw new Error(`${name} does not say its platform`);
  if (os !== 'linux') return { os: [os], cpu: [cpu] };
  return { os: [os], cpu: [cpu], libc: [name.includes('musl') ? 'musl' : 'glibc'] };
}
