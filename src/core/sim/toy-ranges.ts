/** Stands in for CIDR notation in simulations, where addresses are IPv4: whole bytes only. */
const RANGE = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(0|8|16|24|32)$/;

export function isToyRange(range: string): boolean {
  return RANGE.test(range);
}

export function addressInToyRange(address: string, range: string): boolean {
  const parts = RANGE.exec(range);
  if (parts === null) return false;
  const kept = Number(parts[5]) / 8;
  return address.split('.').slice(0, kept).join('.') === parts.slice(1, 1 + kept).join('.');
}
