import { tagOf } from '../../core/program/broadcast.ts';
import type { Programs } from '../../core/program/programs.ts';
import type { Gateway } from './gateway.ts';
import type { ProgramState } from './gateways-protocol.ts';

/** What is on in each channel. */
export function programStates(programs: Programs): ProgramState[] {
  return programs.all().map(({ channel, program }) => ({
    channel: channel.id,
    listeners: program.listeners,
    source: program.broadcast?.source ?? null,
    title: tagOf(program.tags, 'title') ?? '',
  }));
}

/** All counters of this thread, by dotted names without anything of a channel or a person in them. */
export function programCounters(
  programs: Programs,
  groups: Readonly<Record<string, Readonly<Record<string, number>>>>,
  gateways: readonly Gateway[],
): Record<string, number> {
  const counters: Record<string, number> = { visits: programs.visits };
  const add = (group: string, counted: Readonly<Record<string, number>>): void => {
    for (const [name, count] of Object.entries(counted)) {
      const key = `${group}.${name}`;
      counters[key] = (counters[key] ?? 0) + count;
    }
  };
  add('visit', programs.counters);
  for (const [group, counted] of Object.entries(groups)) add(group, counted);
  for (const gateway of gateways) add(gateway.name, gateway.counters());
  for (const { program } of programs.all()) {
    add('program', program.counters);
    add('frames', program.frames.counters);
    add('pages', program.pages.counters);
    add('units', program.units.counters);
    counters.listeners = (counters.listeners ?? 0) + program.listeners;
  }
  return counters;
}
